#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace portico::mime {

/// RFC 2369 section 3.2 and RFC 8058; all empty if the message has no such field.
struct ListUnsubscribe {
    std::string header = {};             // as it stands
    std::vector<std::string> links = {}; // at most one mailto: and one http: or https:
    std::string errors = {};             // what is wrong with it, or ""
    std::string header_post = {};        // List-Unsubscribe-Post
};

ListUnsubscribe parse_list_unsubscribe(std::string_view value, std::string_view post);

} // namespace portico::mime
