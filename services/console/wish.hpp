#pragma once

#include "services/mail/watcher.hpp"
#include "services/mime/message.hpp"

#include <nlohmann/json_fwd.hpp>

#include <chrono>
#include <expected>
#include <string>
#include <string_view>

/// What a program waits for. Pure.
namespace portico::console {

/// A message fits if all of this does; "" fits any. Case does not count, of ASCII.
struct Wish {
    std::string to;       // a recipient of the envelope, or a mailbox; in lower case
    std::string from;     // the reverse path, or the address in From
    std::string subject;  // is in the subject
    std::string contains; // is in the subject, the text or the HTML
    std::string since;    // also what came behind this: a message's ID, or a time
    std::chrono::milliseconds timeout{30'000};

    bool operator==(const Wish&) const = default;
};

inline constexpr std::chrono::seconds longest_timeout{300};

/// The query of a request; an error is a sentence for the client.
std::expected<Wish, std::string> parse_wish(std::string_view query);

/// Whether it is worth looking into the message.
bool may_fit(const Wish& wish, const mail::Arrival& arrival);
bool fits(const Wish& wish, const mail::Arrival& arrival, const mime::Message& message);

std::string lower(std::string_view text); // of ASCII

/// A message as /api/v2 tells of it.
nlohmann::json arrival_document(const mail::Arrival& arrival);

} // namespace portico::console
