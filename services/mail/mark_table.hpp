#pragma once

#include "services/mail/counters.hpp"
#include "services/mail/sqlite.hpp"
#include "services/mail/watcher.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace portico::mail {

/// Tags as the table has them: one a line.
std::string tags_text(const std::vector<std::string>& tags);
std::vector<std::string> parse_tags(std::string_view text);

/// What readers have made of messages: a row only for one that is read or has tags of its own, so
/// that a delivery writes nothing here. On the writer's thread.
class MarkTable {
public:
    /// What it is given outlives it.
    static sqlite::Result<std::unique_ptr<MarkTable>> prepare(sqlite::Database& database,
                                                              Counters& counters);

    /// What is not given stays as it is. The marks there are now if that changed them; nothing for
    /// a message that is not there. An `id` of "" is that of any.
    sqlite::Result<std::optional<Marks>> set(std::int64_t key, const std::string& id,
                                             std::optional<bool> read,
                                             const std::optional<std::vector<std::string>>& tags);

    /// Of a message that is gone.
    sqlite::Result<void> remove(std::int64_t key);

private:
    explicit MarkTable(Counters& counters) : counters_{counters} {}

    sqlite::Result<std::optional<Marks>> find(std::int64_t key, const std::string& id);
    sqlite::Result<void> write(const Marks& marks);

    Counters& counters_;
    sqlite::Statement find_;
    sqlite::Statement write_;
    sqlite::Statement remove_;
};

} // namespace portico::mail
