#include "services/store/importing.hpp"

#include "services/mail/archive.hpp"

#include <map>
#include <set>
#include <unordered_map>
#include <utility>

namespace portico::store {

namespace fs = std::filesystem;

namespace {

/// What a mailbox has: by size first, since a checksum costs a look at the row.
class Known {
public:
    static Result<Known> of(mail::Archive& archive, const std::string& mailbox)
    {
        Known known{archive};
        auto sizes = archive.sizes(mailbox);
        if (!sizes) return std::unexpected(std::move(sizes.error()));
        for (const auto& [size, key] : *sizes) known.unread_[size].push_back(key);
        return known;
    }

    Result<bool> has(const Spool& spool)
    {
        if (const auto same_size = unread_.find(spool.size()); same_size != unread_.end()) {
            for (const auto key : same_size->second) {
                auto checksum = archive_->checksum(key);
                if (!checksum) return std::unexpected(std::move(checksum.error()));
                if (*checksum) read_.emplace(spool.size(), **checksum);
            }
            unread_.erase(same_size);
        }
        return read_.contains({spool.size(), spool.checksum()});
    }

    void add(const Spool& spool) { read_.emplace(spool.size(), spool.checksum()); }

private:
    explicit Known(mail::Archive& archive) : archive_{&archive} {}

    mail::Archive* archive_;
    std::unordered_map<std::uint64_t, std::vector<std::int64_t>> unread_; // size, keys
    std::set<std::pair<std::uint64_t, std::uint64_t>> read_;              // size, checksum
};

} // namespace

Result<> import_mail(const fs::path& data, const std::vector<MailFile>& files,
                     const Deliver& deliver, ImportSummary& summary, Meter& meter,
                     const Interruption& interruption)
{
    auto archive = mail::Archive::open(data);
    if (!archive) return std::unexpected(std::move(archive.error()));
    std::uint64_t total = 0;
    std::uint64_t before = 0; // octets of the files that are done
    for (const auto& file : files) total += file.size;
    std::map<std::string, Known> mailboxes;
    Spool spool;
    for (const auto& file : files) {
        auto known = mailboxes.find(file.mailbox);
        if (known == mailboxes.end()) {
            auto looked = Known::of(*archive, file.mailbox);
            if (!looked) return std::unexpected(std::move(looked.error()));
            known = mailboxes.emplace(file.mailbox, std::move(*looked)).first;
        }
        const auto take = [&](const FoundMessage& found) -> Result<> {
            if (interruption.asked()) return std::unexpected(std::string{"interrupted"});
            auto has = known->second.has(spool);
            if (!has) return std::unexpected(std::move(has.error()));
            if (*has) {
                ++summary.known;
                return {};
            }
            mail::Envelope envelope;
            envelope.reverse_path = found.reverse_path;
            envelope.recipients.push_back({file.mailbox, file.mailbox});
            envelope.received = found.received;
            spool.rewind();
            if (auto done = deliver(envelope, spool); !done) return done;
            known->second.add(spool);
            ++summary.added;
            return {};
        };
        const auto progress = [&](std::uint64_t done) {
            meter.show(before + done, total, summary.added + summary.known);
            return !interruption.asked();
        };
        if (auto read = read_mail_file(file, spool, take, progress); !read) return read;
        before += file.size;
        ++summary.files;
    }
    return {};
}

} // namespace portico::store
