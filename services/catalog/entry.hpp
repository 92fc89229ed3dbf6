#pragma once

#include "services/catalog/query.hpp"
#include "services/mime/message.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace portico::catalog {

/// What is known of a message without looking into it.
struct Arrival {
    std::string id;
    std::chrono::sys_time<std::chrono::milliseconds> created = {};
    std::uint64_t size = 0; // octets of the stored source
    bool read = false;
    std::string username = {};                // who sent it, if someone logged in
    std::string return_path = {};             // the envelope's reverse-path, without "<>"
    std::vector<std::string> recipients = {}; // the envelope's forward-paths, without "<>"
};

/// A message in a list.
struct Entry {
    Arrival arrival;
    std::string message_id; // without "<>"; ID@host if the message has none
    mime::Address from;
    std::vector<mime::Address> to, cc, bcc, reply_to;
    std::string subject;
    std::vector<std::string> tags; // cleaned and sorted
    std::uint64_t attachments = 0; // listed ones, without inline parts
    std::string snippet;
};

/// `message` may be an outline. Bcc are the field's own and those recipients of the envelope that
/// no field names: so a blind copy is seen, and the source stays as it was sent.
Entry make_entry(Arrival arrival, const mime::Message& message, std::string_view host_name,
                 std::vector<std::string> tags);

/// What a query is matched with. `text` has at most `most_text` octets, and of the message's text
/// or HTML only so many times eight are looked at: what is behind them is not found by plain terms.
Facts make_facts(const Entry& entry, const mime::Message& message,
                 std::size_t most_text = std::size_t{1} << 40);

} // namespace portico::catalog
