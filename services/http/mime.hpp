#pragma once

#include <string_view>

namespace portico::http {

/// The media type for a file's name, by its extension, compared without case; text comes with
/// `charset=utf-8`. "application/octet-stream" for what is not known (RFC 9110 section 8.3).
std::string_view media_type(std::string_view file);

} // namespace portico::http
