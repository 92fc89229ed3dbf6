#pragma once

#include "services/catalog/page.hpp"
#include "services/mime/message.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// The documents of Mailpit's API, version 1. Arrays are never null, texts are UTF-8.
namespace portico::console {

using Json = nlohmann::json; // sorts its keys
using catalog::Entry;
using catalog::Totals;

/// With a line end. A text that is no UTF-8 after all has U+FFFD in it.
std::string to_text(const Json& json);

Json to_json(const mime::Address& address);
Json to_json(const std::vector<mime::Address>& addresses);
Json to_json(const mime::Part& part);

/// A message in a list, and in the event of its arrival.
Json entry_document(const Entry& entry);

/// A message as a whole, parsed in whole detail.
Json message_document(const Entry& entry, const mime::Message& message);

/// Every field by its canonical name with a list of its values.
Json headers_document(const mime::Message& message);

/// The answer of a list and of a search; `tags` are all in use.
Json list_document(const Totals& totals, const std::vector<std::string>& tags,
                   const std::vector<Entry>& page);

/// RFC 3339 in UTC; a fraction only if there is one, without zeros at its end.
std::string created_text(std::chrono::sys_time<std::chrono::milliseconds> time);

} // namespace portico::console
