#pragma once

#include "services/smtp/cursor.hpp"
#include "services/smtp/error.hpp"

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The parameters of MAIL and RCPT: their general form, and the values of the extensions.
namespace portico::smtp {

/// esmtp-param = esmtp-keyword ["=" esmtp-value] (RFC 5321 section 4.1.2)
struct Parameter {
    std::string_view keyword;
    std::optional<std::string_view> value;
};

/// All that is left, each after a space, none twice.
std::expected<std::vector<Parameter>, ParseError> take_parameters(Cursor& cursor);

/// RFC 1870 section 3: octets. What does not fit into 64 bits is over any limit.
std::optional<std::uint64_t> parse_size(std::string_view value);

/// xtext (RFC 3461 section 4), decoded: any octets.
std::optional<std::string> decode_xtext(std::string_view text);

/// Whether `value` is what RFC 3461 allows of the parameter; sections 4.4, 4.1 and 4.2.
bool is_envid(std::string_view value);
bool is_notify(std::string_view value);
bool is_orcpt(std::string_view value);

/// RFC 4954 section 5: a mailbox or "<>", in xtext
bool is_submitter(std::string_view value);

} // namespace portico::smtp
