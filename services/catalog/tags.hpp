#pragma once

#include "services/mime/message.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace portico::catalog {

/// A tag as it is kept: at most 100 of [A-Za-z0-9 ._@-], other characters one blank; "" if nothing
/// is left.
std::string clean_tag(std::string_view text);

/// Cleaned, unique without case (the first spelling stays), sorted without case.
std::vector<std::string> clean_tags(const std::vector<std::string>& tags);

/// Where the tags of an arriving message come from.
struct TagSources {
    bool plus_addresses = true; // user+a+b@example.org in To, Cc, Bcc and From: a and b
    bool x_tags = true;         // the field X-Tags, separated by ","
};

std::vector<std::string> tags_of(const mime::Message& message, const TagSources& sources);

} // namespace portico::catalog
