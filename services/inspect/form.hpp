#pragma once

#include "services/http/target.hpp"

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace portico::inspect {

struct File {
    std::string name;              // of the form's field
    std::string_view content_type; // as the part says, or ""
    std::string_view content;      // a view into the request's
};

/// What a form has sent.
struct Form {
    std::vector<http::NameValue> fields;
    std::vector<File> files;
};

enum class FormError : std::uint8_t {
    too_many_fields, // more than most_names
    boundary,        // multipart/form-data without one, or one that RFC 2046 does not allow
    multipart,       // a delimiter is missing, or a part's header is malformed or too long
};

std::string_view describe(FormError error);

/// `content` if its media type is that of a form: application/x-www-form-urlencoded, or
/// multipart/form-data (RFC 7578). Of any other type it is no form: nothing.
std::expected<std::optional<Form>, FormError> parse_form(std::string_view content_type,
                                                         std::string_view content);

/// The value of a parameter as it stands behind a media type or a disposition ("; name=value",
/// RFC 9110 section 5.6.6), unquoted. Browsers quote but do not escape, so only \" and \\ are.
std::optional<std::string> parameter(std::string_view value, std::string_view name);

} // namespace portico::inspect
