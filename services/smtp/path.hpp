#pragma once

#include "services/smtp/cursor.hpp"
#include "services/smtp/error.hpp"

#include <cstdint>
#include <expected>
#include <string_view>

/// Where mail comes from and goes to: the grammar of RFC 5321 sections 4.1.2 and 4.1.3, with the
/// UTF-8 of RFC 6531 section 3.3 in local parts, quoted strings and domains. Whether the client
/// may use that is for who asks: is_utf8() and the SMTPUTF8 parameter decide.
namespace portico::smtp {

constexpr std::size_t max_domain = 255; // RFC 5321 section 4.5.3.1.2, octets

enum class Direction : std::uint8_t { reverse, forward };

/// The mailbox in a path, without angle brackets and source route: "Ana@example.test", "" for
/// the null reverse path, "postmaster" in any case for a forward path (section 4.5.1).
std::expected<std::string_view, ParseError> take_path(Cursor& cursor, Direction direction);

/// address-literal: "[192.0.2.1]", "[IPv6:2001:db8::1]"
bool take_address_literal(Cursor& cursor);

/// Mailbox = Local-part "@" ( Domain / address-literal ), all of `text`
bool is_mailbox(std::string_view text);

} // namespace portico::smtp
