#pragma once

#include "services/console/json.hpp"

#include <string>
#include <string_view>
#include <vector>

/// Pages for people who followed a link. Pure.
namespace portico::console {

/// A page for people, who followed a link: the message's head, its text and links to the rest.
std::string message_page(const Entry& entry, const mime::Message& message,
                         std::string_view webroot);
/// A page of what a search has found.
std::string list_page(std::string_view query, const std::vector<Entry>& entries,
                      std::string_view webroot);

} // namespace portico::console
