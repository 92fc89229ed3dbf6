#include "services/mail/mark_table.hpp"

#include <algorithm>
#include <utility>

namespace portico::mail {

std::string tags_text(const std::vector<std::string>& tags)
{
    std::string text;
    for (const auto& tag : tags) {
        if (!text.empty()) text += '\n';
        text += tag;
    }
    return text;
}

std::vector<std::string> parse_tags(std::string_view text)
{
    std::vector<std::string> tags;
    while (!text.empty()) {
        tags.emplace_back(text.substr(0, text.find('\n')));
        text.remove_prefix(std::min(tags.back().size() + 1, text.size()));
    }
    return tags;
}

sqlite::Result<std::unique_ptr<MarkTable>> MarkTable::prepare(sqlite::Database& database,
                                                              Counters& counters)
{
    std::unique_ptr<MarkTable> table{new MarkTable{counters}};
    const std::pair<sqlite::Statement&, const char*> statements[] = {
        {table->find_, "SELECT mark.read, mark.tags IS NOT NULL, mark.tags FROM message "
                       "LEFT JOIN mark ON mark.message = message.id "
                       "WHERE message.id = ?1 AND (?2 = '' OR message.uid = ?2)"},
        {table->write_, "INSERT OR REPLACE INTO mark (message, read, tags) VALUES (?1, ?2, ?3)"},
        {table->remove_, "DELETE FROM mark WHERE message = ?1 RETURNING read"},
    };
    for (auto& [statement, sql] : statements) {
        auto prepared = database.prepare(sql);
        if (!prepared) return std::unexpected(std::move(prepared.error()));
        statement = std::move(*prepared);
    }
    return table;
}

sqlite::Result<std::optional<Marks>>
MarkTable::set(std::int64_t key, const std::string& id, std::optional<bool> read,
               const std::optional<std::vector<std::string>>& tags)
{
    auto before = find(key, id);
    if (!before || !*before) return before;
    auto marks = **before;
    if (read) marks.read = *read;
    if (tags) marks.tags = tags;
    if (marks == **before) return std::nullopt;
    if (auto written = write(marks); !written) return std::unexpected(std::move(written.error()));
    if (marks.read != (*before)->read) counters_.read(marks.read ? 1 : -1);
    return marks;
}

sqlite::Result<std::optional<Marks>> MarkTable::find(std::int64_t key, const std::string& id)
{
    auto rows = find_.start(key, id);
    auto row = rows.next();
    if (!row) return std::unexpected(std::move(row.error()));
    if (!*row) return std::nullopt;
    Marks marks{.key = key, .read = rows.integer(0) != 0};
    if (rows.integer(1) != 0) marks.tags = parse_tags(rows.text(2));
    return marks;
}

sqlite::Result<void> MarkTable::write(const Marks& marks)
{
    if (!marks.read && !marks.tags) return remove_.run(marks.key);
    if (!marks.tags) return write_.run(marks.key, std::int64_t{marks.read}, nullptr);
    return write_.run(marks.key, std::int64_t{marks.read}, tags_text(*marks.tags));
}

sqlite::Result<void> MarkTable::remove(std::int64_t key)
{
    auto rows = remove_.start(key);
    for (;;) {
        auto row = rows.next();
        if (!row) return std::unexpected(std::move(row.error()));
        if (!*row) return {};
        if (rows.integer(0) != 0) counters_.read(-1);
    }
}

} // namespace portico::mail
