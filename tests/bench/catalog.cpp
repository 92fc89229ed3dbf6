// How long lists and searches of the catalog take.
//
//   bench_catalog [MESSAGES=100000] [OCTETS=4096] [ROUNDS=15]
//
// Makes a catalog of so many messages of so many octets in a folder of its own, asks each question
// ROUNDS times by way of an event loop and the pool, as the console does, and prints the median and
// the least and most. The files are in the page cache: they have just been written. A program of
// its own (target bench_catalog, in a release build with tests); no test depends on time.

#include "services/catalog/disk_catalog.hpp"
#include "tests/mail/support.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace {

using namespace portico;
using Clock = std::chrono::steady_clock;

double milliseconds_since(Clock::time_point start)
{
    return std::chrono::duration<double, std::milli>{Clock::now() - start}.count();
}

/// Has messages that it makes when they are read.
class MadeStore final : public mail::Store {
public:
    MadeStore(std::int64_t messages, std::size_t octets) : messages_{messages}, octets_{octets}
    {
        std::mt19937 random{1};
        const std::string_view letters =
            "eeeeeeetttttaaaaaooooiiiinnnnssssrrrrhhhlllddccuummffppggwwyybvkxjq";
        for (int i = 0; i < 20'000; ++i) {
            std::string word;
            for (auto left = 2 + random() % 9; left > 0; --left)
                word += letters[random() % letters.size()];
            words_ += word + ' ';
        }
    }

    Answer<std::vector<mail::Arrival>> arrivals(std::int64_t after, std::size_t most) override
    {
        std::vector<mail::Arrival> found;
        for (auto key = after + 1; key <= messages_ && found.size() < most; ++key)
            found.push_back({.key = key,
                             .id = id_of(key),
                             .received =
                                 std::chrono::sys_time<std::chrono::milliseconds>{
                                     std::chrono::milliseconds{1'790'000'000'000 + key}},
                             .size = source(key).size(),
                             .reverse_path = "app@example.net",
                             .recipients = {recipient(key)}});
        co_return found;
    }
    Answer<std::vector<std::int64_t>> keys() override
    {
        std::vector<std::int64_t> found;
        for (std::int64_t key = 1; key <= messages_; ++key) found.push_back(key);
        co_return found;
    }
    Answer<std::vector<mail::Marks>> marks() override
    {
        std::vector<mail::Marks> found;
        for (std::int64_t key = 1; key <= messages_; key += 2)
            found.push_back({.key = key, .read = true});
        co_return found;
    }
    std::unique_ptr<mail::Reading> read(const mail::Message& message) override
    {
        return std::make_unique<MadeReading>(source(message.key));
    }
    std::unique_ptr<mail::Draft> begin(mail::Envelope) override { return nullptr; }
    net::Task<std::expected<std::unique_ptr<mail::Maildrop>, mail::StoreError>>
    open(std::string) override
    {
        co_return std::unexpected(mail::StoreError::failing);
    }
    Answer<std::vector<mail::Summary>> list(std::string, std::size_t) override
    {
        co_return std::unexpected(mail::StoreError::failing);
    }
    Answer<mail::Message> find(std::string) override
    {
        co_return std::unexpected(mail::StoreError::failing);
    }
    Answer<void> remove(std::string) override
    {
        co_return std::unexpected(mail::StoreError::failing);
    }

private:
    class MadeReading final : public mail::Reading {
    public:
        explicit MadeReading(std::string source) : source_{std::move(source)} {}
        net::Task<std::expected<std::string, mail::StoreError>> next() override
        {
            co_return std::exchange(source_, {});
        }

    private:
        std::string source_;
    };

    static std::string id_of(std::int64_t key) { return fmt::format("{:022}", key); }
    static std::string recipient(std::int64_t key)
    {
        return fmt::format("user{}@example.test", key % 5000);
    }
    std::string source(std::int64_t key) const
    {
        auto text = fmt::format("From: The Shop <app@example.net>\r\nTo: Somebody <{}>\r\n"
                                "Subject: Your order {} is on its way\r\n"
                                "Message-ID: <{}@app.example.net>\r\n"
                                "Date: Tue, 24 Nov 2026 10:20:30 +0000\r\n\r\n",
                                recipient(key), key, key);
        for (std::uint64_t at = static_cast<std::uint64_t>(key) * 977; text.size() < octets_;
             at += 71) {
            text += std::string_view{words_}.substr(at % (words_.size() - 80), 70);
            text += "\r\n";
        }
        return text;
    }

    std::int64_t messages_;
    std::size_t octets_;
    std::string words_;
};

std::int64_t argument(int argc, char** argv, int index, std::int64_t otherwise)
{
    return argc > index ? std::atoll(argv[index]) : otherwise;
}

} // namespace

int main(int argc, char** argv)
{
    const auto messages = argument(argc, argv, 1, 100'000), octets = argument(argc, argv, 2, 4096),
               rounds = argument(argc, argv, 3, 15);
    mail::test::TemporaryFolder folder;
    mail::test::KeptLog log;
    MadeStore store{messages, static_cast<std::size_t>(octets)};
    net::Pool pool{4};
    catalog::DiskCatalog catalog{
        folder.path() / "catalog", {.host_name = "mx.example.test"}, store, pool, log};
    auto start = Clock::now();
    (void)mail::test::run(catalog.list({}));
    fmt::print("{} messages of {} octets catalogued in {:.0f} ms; heads {} MiB, texts {} MiB\n",
               messages, octets, milliseconds_since(start),
               std::filesystem::file_size(folder.path() / "catalog/heads") >> 20,
               std::filesystem::file_size(folder.path() / "catalog/texts") >> 20);
    for (const auto* text :
         {"", "to:user77@example.test", "subject:\"order 4711 \"", "from:nobody", "message-id:4711",
          "is:unread", "is:unread to:user77", "larger:1m", "q", "zqz", "the", "confirmation",
          "\"your order 4711 \"", "notinanyofthem", "-the", "somebody example"}) {
        const auto query = catalog::parse_query(text, {});
        std::vector<double> times;
        std::uint64_t matches = 0;
        for (std::int64_t round = 0; round < rounds; ++round) {
            start = Clock::now();
            const auto page = query.terms.empty() ? mail::test::run(catalog.list({}))
                                                  : mail::test::run(catalog.search(query, {}));
            times.push_back(milliseconds_since(start));
            matches = page->totals.messages_count;
        }
        std::ranges::sort(times);
        fmt::print("{:28} {:7.2f} ms ({:.2f} to {:.2f})  {} match\n",
                   query.terms.empty() ? "(list)" : text, times[times.size() / 2], times.front(),
                   times.back(), matches);
    }
    catalog.stop();
    pool.join();
    return 0;
}
