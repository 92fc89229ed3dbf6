#pragma once

#include "services/catalog/tag_sets.hpp"
#include "services/console/json.hpp"
#include "services/mail/statistics.hpp"

#include <cstdint>
#include <string_view>

/// What Mailpit's API tells of the server. Pure.
namespace portico::console {

inline constexpr std::string_view api_version = "v1.30.5"; // whose API it is

/// What came since the start, in Mailpit's terms.
struct Intake {
    std::uint64_t accepted = 0; // messages
    std::uint64_t octets = 0;   // of them
};

struct Told {
    mail::StoreStatistics store = {};
    Intake intake = {};
    std::uint64_t uptime = 0; // seconds
    std::uint64_t memory = 0; // octets
};

Json info_document(const Told& told, const catalog::TagCounts& tags);
Json webui_document(std::string_view label);

/// The samples that Mailpit has in /metrics.
std::string mailpit_metrics(const Told& told, const catalog::TagCounts& tags);

/// A frame of /api/events.
std::string event_text(std::string_view type, Json data);
Json stats_document(const mail::StoreStatistics& store);

/// Messages that no limit let in.
std::uint64_t rejected(const mail::StoreStatistics& store);

/// OpenAPI 2.0, of this API.
std::string_view swagger();

} // namespace portico::console
