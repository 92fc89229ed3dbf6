#pragma once

#include "services/mail/bodies.hpp"
#include "services/mail/sqlite.hpp"

#include <cstdint>
#include <expected>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace portico::mail {

/// A mailbox and what is in it.
struct ArchivedMailbox {
    std::int64_t id;
    std::string name;
    std::uint64_t messages;
    std::uint64_t bytes;
};

/// A message as it is in a mailbox.
struct ArchivedMessage {
    std::int64_t key;
    std::string id;
    std::uint64_t size;
    std::int64_t received; // milliseconds since 1970
    std::string reverse_path;
};

/// A body that is a file.
struct ArchivedBody {
    std::string id;
    std::uint64_t size;
};

/// What a copy of the database has.
struct ArchivedCopy {
    std::uint64_t messages = 0;
    std::vector<ArchivedBody> bodies; // that it names
};

/// A store's folder as tools read it, whether a server writes to it or not: changes nothing in it,
/// and blocks. Every question is a transaction of its own, so that none keeps the WAL from being
/// checkpointed for long. The errors are sentences for the operator. One thread at a time.
class Archive {
public:
    template <class T>
    using Answer = std::expected<T, std::string>;

    static Answer<Archive> open(const std::filesystem::path& folder);

    Answer<std::vector<ArchivedMailbox>> mailboxes(); // those with messages, by name
    /// Up to `most` messages behind the one with the key `after`, oldest first.
    Answer<std::vector<ArchivedMessage>> messages(std::int64_t mailbox, std::int64_t after,
                                                  std::size_t most);
    /// Hands the octets to `take` in pieces. False if the message was removed meanwhile, which may
    /// show when some were handed over.
    Answer<bool> read(const ArchivedMessage& message,
                      const std::function<void(std::string_view)>& take);

    /// The sizes and the keys of what is in the mailbox with this name.
    Answer<std::vector<std::pair<std::uint64_t, std::int64_t>>> sizes(const std::string& mailbox);
    /// The checksum of a message's octets (checksum.hpp); nothing if it is gone.
    Answer<std::optional<std::uint64_t>> checksum(std::int64_t key);

    /// Writes a database with all of mail.db's rows to `file`, which must not exist yet. Ends with
    /// an error once `go_on`, which is asked often, says so. The copy is as of one moment.
    Answer<void> copy_database(const std::filesystem::path& file, std::function<bool()> go_on);

    const Bodies& bodies() const { return bodies_; }

private:
    Archive(sqlite::Database database, Bodies bodies)
        : database_{std::move(database)}, bodies_{std::move(bodies)}
    {
    }

    sqlite::Database database_;
    Bodies bodies_;
    sqlite::Statement messages_;
    sqlite::Statement message_;
    sqlite::Statement body_;
};

Archive::Answer<ArchivedCopy> look_into_copy(const std::filesystem::path& file);

} // namespace portico::mail
