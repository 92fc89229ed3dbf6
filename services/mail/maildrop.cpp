#include "services/mail/maildrop.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <span>

namespace portico::mail {

namespace {
constexpr std::size_t piece = 256 << 10; // as Reading::next() promises
}

Locks::Lock::~Lock()
{
    if (!locks_) return;
    std::lock_guard lock{locks_->mutex_};
    locks_->taken_.erase(name_);
}

std::optional<Locks::Lock> Locks::take(const std::string& name)
{
    std::lock_guard lock{mutex_};
    if (!taken_.insert(name).second) return std::nullopt;
    return Lock{*this, name};
}

net::Task<std::expected<std::string, StoreError>> SqliteReading::next()
{
    // The first call always looks, so that a removed message is `gone` even if it was empty.
    if (std::exchange(started_, true) && offset_ == message_.size) co_return std::string{};
    // Not a conditional expression: g++ 12 destroys the temporaries of the arm it did not take.
    std::expected<std::string, StoreError> bytes;
    if (file_)
        bytes = co_await next_of_file();
    else
        bytes = co_await next_of_row();
    if (bytes) offset_ += bytes->size();
    co_return bytes;
}

net::Task<std::expected<std::string, StoreError>> SqliteReading::next_of_row()
{
    auto part = co_await readers_.ask([key = message_.key, offset = offset_](Reader& reader) {
        return reader.body(key, offset, piece);
    });
    if (!part) co_return std::unexpected(part.error());
    if (!*part) co_return std::unexpected(StoreError::gone);
    if (!(*part)->in_file) co_return std::move((*part)->bytes);
    co_return co_await next_of_file();
}

net::Task<std::expected<std::string, StoreError>> SqliteReading::next_of_file()
{
    auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(piece, message_.size - offset_));
    auto bytes = co_await readers_.pool().run([this, wanted]() -> FileResult<std::string> {
        std::string name{message_.unique_id()};
        if (!file_) {
            auto opened = bodies_.read(name);
            if (!opened) return std::unexpected(std::move(opened.error()));
            file_ = std::move(*opened);
            // So that a body that is cut short is found before any of it is handed out.
            auto last = file_.read(message_.size - 1, 1);
            if (!last) return std::unexpected(std::move(last.error()));
            if (last->empty())
                return std::unexpected(FileError{
                    StoreError::damaged,
                    fmt::format("bodies/{}: shorter than its {} octets", name, message_.size)});
        }
        auto got = file_.read(offset_, wanted);
        if (got && got->size() < wanted)
            return std::unexpected(FileError{
                StoreError::damaged, fmt::format("bodies/{}: ends after {} of {} octets", name,
                                                 offset_ + got->size(), message_.size)});
        return got;
    });
    if (bytes) co_return std::move(*bytes);
    auto kind = bytes.error().kind;
    if (kind == StoreError::gone) {
        // Removed between the two looks: no trouble. But a row goes before its file.
        auto row = co_await readers_.ask(
            [key = message_.key](Reader& reader) { return reader.body(key, 0, 0); });
        if (row && !*row) co_return std::unexpected(StoreError::gone);
        if (row) kind = StoreError::damaged;
    }
    readers_.trouble().failed(bytes.error().what);
    co_return std::unexpected(kind == StoreError::damaged ? StoreError::damaged
                                                          : StoreError::failing);
}

std::unique_ptr<Reading> SqliteMaildrop::read(const Message& message)
{
    return std::make_unique<SqliteReading>(tools_.readers, tools_.bodies, message);
}

std::optional<std::string_view> SqliteMaildrop::at_hand(std::size_t index)
{
    // Who was told that a message is removed is not to see it go out after that.
    if (tools_.removed.load(std::memory_order_acquire) != removed_) return std::nullopt;
    return ahead_.find(index);
}

net::Task<std::expected<void, StoreError>> SqliteMaildrop::fetch(std::size_t index)
{
    const auto size = listing_.messages.at(index).size;
    if (size > ReadAhead::most || size > tools_.read_ahead.left()) co_return Outcome{};
    removed_ = tools_.removed.load(std::memory_order_acquire);
    const auto wanted = ahead_.begin(index);
    auto there = co_await tools_.readers.ask([this, index, wanted](Reader& reader) {
        return reader.read_ahead(std::span{listing_.messages}.subspan(index), wanted, ahead_);
    });
    if (!there) co_return std::unexpected(there.error());
    if (!*there) co_return std::unexpected(StoreError::gone);
    co_return Outcome{};
}

net::Task<std::expected<void, StoreError>> SqliteMaildrop::remove(std::vector<std::size_t> indices)
{
    if (indices.empty()) co_return Outcome{};
    Removal removal{.mailbox = listing_.mailbox, .keys = {}};
    removal.keys.reserve(indices.size());
    for (auto index : indices) removal.keys.push_back(listing_.messages.at(index).key);
    Change change{std::move(removal)};
    co_return co_await tools_.writer.apply(std::move(change));
}

} // namespace portico::mail
