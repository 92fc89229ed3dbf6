#pragma once

#include "config/config.hpp"
#include "net/log.hpp"
#include "net/pool.hpp"
#include "net/task.hpp"
#include "services/mail/sqlite_store.hpp"
#include "services/mail/store.hpp"

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <expected>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace portico::mail::test {

/// A folder that goes with everything in it.
class TemporaryFolder {
public:
    TemporaryFolder()
    {
        auto pattern = (std::filesystem::temp_directory_path() / "portico-XXXXXX").string();
        if (!mkdtemp(pattern.data())) throw std::system_error(errno, std::generic_category());
        path_ = pattern;
    }
    ~TemporaryFolder()
    {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;

    const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
};

/// Keeps what was logged.
class KeptLog final : public net::Log {
public:
    bool enabled(net::Level) const override { return true; }
    void write(net::Level, std::string_view event) override
    {
        std::lock_guard lock{mutex_};
        lines_.emplace_back(event);
    }
    void write(net::Level level, const net::Origin&, std::string_view event) override
    {
        write(level, event);
    }

    std::vector<std::string> lines() const
    {
        std::lock_guard lock{mutex_};
        return lines_;
    }

private:
    mutable std::mutex mutex_;
    std::vector<std::string> lines_;
};

/// Runs `task` on a loop until it is over and returns its result.
template <class T>
T run(net::Task<T> task)
{
    // Outlives every store and pool: a thread of theirs that has just answered is still on its way
    // out of the loop.
    static asio::io_context loop{1};
    loop.restart();
    std::optional<T> result;
    std::exception_ptr failure;
    asio::co_spawn(loop.get_executor(), std::move(task),
                   [&](std::exception_ptr thrown, std::optional<T> value) {
                       failure = thrown;
                       result = std::move(value);
                   });
    loop.run();
    if (failure) std::rethrow_exception(failure);
    return std::move(*result);
}

/// What is in `folder`, by name.
inline std::vector<std::string> files_in(const std::filesystem::path& folder)
{
    std::vector<std::string> names;
    for (auto& entry : std::filesystem::directory_iterator{folder})
        names.push_back(entry.path().filename().string());
    std::ranges::sort(names);
    return names;
}

/// `size` octets of every value, lines' ends and NUL included, not the same for two seeds.
inline std::string octets(std::size_t size, std::uint32_t seed = 1)
{
    std::string bytes(size, '\0');
    for (auto& byte : bytes) {
        seed = seed * 1664525 + 1013904223;
        byte = static_cast<char>(seed >> 24);
    }
    return bytes;
}

/// A store in a folder of its own, and short ways to use it. Where nothing is said an operation
/// is to succeed.
class StoreTest : public testing::Test {
protected:
    void SetUp() override { open(); }
    void TearDown() override { store.reset(); }

    void open()
    {
        auto clock = [this] { return std::chrono::system_clock::now() + later.load(); };
        auto opened = open_sqlite_store(folder.path() / "mail", limits, pool, log, clock);
        ASSERT_TRUE(opened.has_value()) << opened.error();
        store = std::move(*opened);
    }

    void reopen()
    {
        store.reset();
        open();
    }

    static Envelope envelope(std::vector<std::string> mailboxes)
    {
        Envelope made{"ana@example.net", {}};
        for (auto& mailbox : mailboxes) made.recipients.push_back({mailbox, mailbox});
        return made;
    }

    /// The new message's identity. The body is handed over as a connection would: 16 KiB a time.
    std::expected<std::string, StoreError> try_deliver(std::vector<std::string> mailboxes,
                                                       std::string body)
    {
        return run(deliver_one(*store, envelope(std::move(mailboxes)), std::move(body)));
    }

    std::string deliver(std::vector<std::string> mailboxes, std::string body)
    {
        auto id = try_deliver(std::move(mailboxes), std::move(body));
        EXPECT_TRUE(id.has_value());
        return id.value_or("");
    }

    static net::Task<std::expected<std::string, StoreError>>
    deliver_one(Store& into, Envelope envelope, std::string body)
    {
        auto draft = into.begin(std::move(envelope));
        std::string_view left{body};
        while (!left.empty()) {
            auto piece = left.substr(0, 16 << 10);
            if (auto appended = co_await draft->append(piece); !appended)
                co_return std::unexpected(appended.error());
            left.remove_prefix(piece.size());
        }
        if (auto delivered = co_await draft->deliver(); !delivered)
            co_return std::unexpected(delivered.error());
        co_return draft->id();
    }

    static net::Task<std::expected<std::string, StoreError>>
    read_all(std::unique_ptr<Reading> reading)
    {
        std::string body;
        for (;;) {
            auto piece = co_await reading->next();
            if (!piece) co_return std::unexpected(piece.error());
            if (piece->empty()) co_return body;
            EXPECT_LE(piece->size(), 256u << 10);
            body += *piece;
        }
    }

    std::unique_ptr<Maildrop> maildrop(std::string mailbox)
    {
        auto opened = run(store->open(std::move(mailbox)));
        if (!opened) throw std::runtime_error("the maildrop does not open");
        return std::move(*opened);
    }

    std::expected<std::string, StoreError> body(const Message& message)
    {
        return run(read_all(store->read(message)));
    }

    /// The bodies in a mailbox, oldest first.
    std::vector<std::string> bodies(std::string mailbox)
    {
        auto session = maildrop(std::move(mailbox));
        std::vector<std::string> found;
        for (auto& message : session->messages())
            found.push_back(run(read_all(session->read(message))).value());
        return found;
    }

    std::vector<std::string> ids(std::string mailbox)
    {
        auto session = maildrop(std::move(mailbox));
        std::vector<std::string> found;
        for (auto& message : session->messages()) found.emplace_back(message.unique_id());
        return found;
    }

    /// The files of large messages, once all that was asked of the writer is done: it works in
    /// the order of the questions.
    std::vector<std::string> body_files()
    {
        (void)try_deliver({"barrier@example.test"}, "");
        (void)try_deliver({"barrier@example.test"}, "");
        return files_in(folder.path() / "mail" / "bodies");
    }

    TemporaryFolder folder;
    config::Mail limits;
    std::atomic<std::chrono::hours>
        later{}; // what time it is in the store, which is woken by a change
    KeptLog log;
    net::Pool pool{2};
    std::unique_ptr<Store> store;
};

} // namespace portico::mail::test
