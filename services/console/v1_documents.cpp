#include "services/console/v1_documents.hpp"

#include "services/console/metrics.hpp"

namespace portico::console {

std::uint64_t rejected(const mail::StoreStatistics& store)
{
    return store.refused_by_store_limit + store.refused_by_mailbox_limit +
           store.refused_without_space + store.refused_failing;
}

Json info_document(const Told& told, const catalog::TagCounts& tags)
{
    auto counts = Json::object();
    for (const auto& [tag, count] : tags) counts[tag] = count;
    const auto& store = told.store;
    return {
        {"Version", api_version},
        {"LatestVersion", "disabled"}, // nobody is asked
        {"Database", "mail.db"},
        {"DatabaseSize", store.bytes},
        {"Messages", store.messages},
        {"Unread", store.messages - store.read},
        {"Tags", std::move(counts)},
        {"RuntimeStats",
         {{"Uptime", told.uptime},
          {"Memory", told.memory},
          {"MessagesDeleted", store.removed_messages + store.expired_messages},
          {"SMTPAccepted", told.intake.accepted},
          {"SMTPAcceptedSize", told.intake.octets},
          {"SMTPRejected", rejected(store)},
          {"SMTPIgnored", 0}}},
    };
}

Json webui_document(std::string_view label)
{
    return {
        {"Label", label},
        {"MessageRelay",
         {{"Enabled", false},
          {"SMTPServer", ""},
          {"ReturnPath", ""},
          {"AllowedRecipients", ""},
          {"BlockedRecipients", ""},
          {"OverrideFrom", ""},
          {"PreserveMessageIDs", false},
          {"RecipientAllowlist", ""}}},
        {"SpamAssassin", false},
        {"ChaosEnabled", false},
        {"DuplicatesIgnored", false},
        {"HideDeleteAllButton", false},
    };
}

std::string mailpit_metrics(const Told& told, const catalog::TagCounts& tags)
{
    using enum Metrics::Kind;
    struct Row {
        std::string_view name;
        Metrics::Kind kind;
        std::string_view help;
        std::uint64_t value;
    };
    const auto& store = told.store;
    const Row rows[] = {
        {"mailpit_messages", gauge, "Messages that are stored.", store.messages},
        {"mailpit_messages_unread", gauge, "Of them unread.", store.messages - store.read},
        {"mailpit_database_size_bytes", gauge, "Octets of all messages.", store.bytes},
        {"mailpit_memory_usage_bytes", gauge, "Resident memory.", told.memory},
        {"mailpit_uptime_seconds", gauge, "Since the start.", told.uptime},
        {"mailpit_messages_deleted_total", counter, "Messages removed, or expired.",
         store.removed_messages + store.expired_messages},
        {"mailpit_smtp_accepted_total", counter, "Messages that came.", told.intake.accepted},
        {"mailpit_smtp_accepted_size_bytes_total", counter, "Their octets.", told.intake.octets},
        {"mailpit_smtp_rejected_total", counter, "Messages that were refused.", rejected(store)},
        {"mailpit_smtp_ignored_total", counter, "Messages that were ignored: none.", 0},
    };
    Metrics metrics;
    for (const auto& [name, kind, help, value] : rows) {
        metrics.family(name, kind, help);
        metrics.sample({}, value);
    }
    metrics.family("mailpit_tag_messages", gauge, "Messages with a tag.");
    for (const auto& [tag, count] : tags)
        metrics.sample({{"tag", tag}}, static_cast<std::uint64_t>(count));
    return metrics.text();
}

std::string event_text(std::string_view type, Json data)
{
    auto text = to_text({{"Type", type}, {"Data", std::move(data)}});
    text.pop_back(); // a frame needs no line end
    return text;
}

Json stats_document(const mail::StoreStatistics& store)
{
    return {{"Total", store.messages},
            {"Unread", store.messages - store.read},
            {"Version", api_version}};
}

} // namespace portico::console
