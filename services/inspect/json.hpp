#pragma once

#include "services/inspect/asked.hpp"

#include <nlohmann/json.hpp>

#include <expected>
#include <string>
#include <string_view>
#include <vector>

/// Requests told in JSON, in the shape that httpbin.org has made known. What is no UTF-8 in a name
/// or a field becomes U+FFFD; in content, where every octet counts, all of it becomes a data URL.
namespace portico::inspect {

using Json = nlohmann::json; // sorts its keys

/// Sorted, indented by 2, all in ASCII, with a line end.
std::string to_text(const Json& json);
Answer as_json(const Json& json, http::Status status = http::Status::ok);

/// An object: a name that comes once has its value, one that comes again a list.
Json to_json(const std::vector<http::NameValue>& pairs);

/// The fields, each name spelled "Like-This" whatever the client wrote, since case means nothing
/// there; lines of one name joined by ", " (RFC 9110 section 5.3).
Json headers(const http::Request& request);

/// The members args, headers, origin and url; all requests have them.
Json told(const Asked& asked);

/// Adds the members data, files, form and json: what the content is. An error is the client's.
std::expected<void, std::string_view> tell_content(const Asked& asked, Json& json);

/// A data URL (RFC 2397) of octets.
std::string data_url(std::string_view media_type, std::string_view octets);

} // namespace portico::inspect
