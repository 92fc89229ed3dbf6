#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace portico::http {

/// The content codings we have files in (RFC 9110 section 8.4.1; br: RFC 7932).
enum class Coding : std::uint8_t { br, gzip, identity };

std::string_view to_string(Coding coding);
/// What the name of a file that holds another one in this coding ends in: ".br".
std::string_view suffix(Coding coding);

/// The codings a client takes, the most wanted first, of equal ones the smallest (RFC 9110
/// section 12.5.3). Without the field identity alone: all are allowed, but an old client may
/// not know them.
std::vector<Coding> acceptable(std::optional<std::string_view> accept_encoding);

/// Whether files of this media type shrink: what is compressed in itself does not.
bool is_compressible(std::string_view media_type);

} // namespace portico::http
