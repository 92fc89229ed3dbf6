#include "services/store/backup.hpp"

#include "services/mail/archive.hpp"
#include "services/store/tar.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <fcntl.h>
#include <sys/stat.h>

namespace portico::store {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t piece = 256 << 10;

class Backup {
public:
    Backup(mail::Archive archive, NewFile tar, fs::path data, Meter& meter,
           const Interruption& interruption)
        : archive_{std::move(archive)}, tar_{std::move(tar)}, data_{std::move(data)}, meter_{meter},
          interruption_{interruption}
    {
    }

    Result<BackupSummary> run(const fs::path& file);

private:
    Result<> write(const fs::path& copy, const mail::ArchivedCopy& content);
    Result<> add(const fs::path& file, std::string name);
    Result<> add_body(const mail::ArchivedBody& body);
    Result<> put(std::string_view bytes);
    void lack(std::string_view what);

    mail::Archive archive_;
    NewFile tar_;
    fs::path data_;
    Meter& meter_;
    const Interruption& interruption_;
    TarEntry owner_; // of mail.db, and of all
    BackupSummary summary_;
    std::uint64_t total_ = 0;
    std::uint64_t bodies_ = 0; // that were added
};

Result<BackupSummary> Backup::run(const fs::path& file)
{
    struct stat status {};
    if (::stat((data_ / "mail.db").c_str(), &status) != 0) return system_error(data_ / "mail.db");
    owner_.owner = status.st_uid;
    owner_.group = status.st_gid;
    // From here on no body goes that the copy may name.
    const auto hold = archive_.bodies().hold();
    if (!hold) return std::unexpected(hold.error().what);
    auto copy = NewFile::create(file.parent_path() / "copy of mail.db");
    if (!copy) return std::unexpected(std::move(copy.error()));
    const auto size = static_cast<std::uint64_t>(status.st_size);
    auto copied = archive_.copy_database(copy->temporary_name(), [&] {
        std::error_code ignored;
        const auto written = fs::file_size(copy->temporary_name(), ignored);
        meter_.show(ignored ? 0 : written, size, 0);
        return !interruption_.asked();
    });
    if (interruption_.asked()) return std::unexpected(std::string{"interrupted"});
    if (!copied) return std::unexpected(std::move(copied.error()));
    auto content = mail::look_into_copy(copy->temporary_name());
    if (!content) return std::unexpected(std::move(content.error()));
    if (auto written = write(copy->temporary_name(), *content); !written)
        return std::unexpected(std::move(written.error()));
    if (interruption_.asked()) return std::unexpected(std::string{"interrupted"});
    auto done = tar_.sync();
    if (done) done = tar_.keep();
    if (!done) return std::unexpected(std::move(done.error()));
    const auto folder = file.parent_path();
    if (auto named = mail::sync_folder(folder.empty() ? "." : folder); !named)
        return std::unexpected(std::move(named.error().what));
    summary_.messages = content->messages;
    return summary_;
}

Result<> Backup::write(const fs::path& copy, const mail::ArchivedCopy& content)
{
    std::error_code failure;
    total_ = fs::file_size(copy, failure);
    for (const auto& body : content.bodies) total_ += body.size;
    meter_.now("Backing up");
    // What an older mail.db has in its log must not get into the one that is put in its place.
    auto wal = owner_;
    wal.name = "mail.db-wal";
    auto done = put(tar_header(wal));
    if (done) done = add(copy, "mail.db");
    auto folder = owner_;
    folder.name = "bodies/";
    folder.mode = 0700;
    if (done) done = put(tar_header(folder));
    for (const auto& body : content.bodies)
        if (done && !interruption_.asked()) done = add_body(body);
    return done ? put(tar_end()) : done;
}

/// One that is damaged is left out: the rest is worth a backup all the same.
Result<> Backup::add_body(const mail::ArchivedBody& body)
{
    const auto name = "bodies/" + body.id;
    std::error_code failure;
    const auto size = fs::file_size(data_ / name, failure);
    if (failure)
        lack(fmt::format("{}: {}", name, failure.message()));
    else if (size != body.size)
        lack(fmt::format("{} has {} octets instead of {}", name, size, body.size));
    else
        return add(data_ / name, name);
    return {};
}

Result<> Backup::add(const fs::path& file, std::string name)
{
    const net::FileDescriptor from{::open(file.c_str(), O_RDONLY | O_CLOEXEC)};
    struct stat status {};
    if (!from || ::fstat(from.get(), &status) != 0) return system_error(file);
    auto entry = owner_;
    entry.name = std::move(name);
    entry.size = static_cast<std::uint64_t>(status.st_size);
    entry.modified = status.st_mtime;
    if (auto done = put(tar_header(entry)); !done) return done;
    std::string bytes(piece, '\0');
    for (off_t at = 0; at < status.st_size && !interruption_.asked();) {
        const auto wanted = std::min<off_t>(static_cast<off_t>(piece), status.st_size - at);
        const auto got = ::pread(from.get(), bytes.data(), static_cast<std::size_t>(wanted), at);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return system_error(file);
        if (got == 0) return std::unexpected(fmt::format("{}: ends too early", file.string()));
        if (auto done = put({bytes.data(), static_cast<std::size_t>(got)}); !done) return done;
        at += got;
        meter_.show(summary_.bytes, total_, bodies_);
    }
    ++bodies_;
    return put(std::string(tar_padding(entry.size), '\0'));
}

Result<> Backup::put(std::string_view bytes)
{
    summary_.bytes += bytes.size();
    return tar_.write(bytes);
}

void Backup::lack(std::string_view what)
{
    ++summary_.missing;
    meter_.say(what);
}

} // namespace

Result<BackupSummary> back_up(const fs::path& data, const fs::path& file, Meter& meter,
                              const Interruption& interruption)
{
    auto archive = mail::Archive::open(data);
    if (!archive) return std::unexpected(std::move(archive.error()));
    std::error_code none;
    if (fs::is_directory(file, none))
        return std::unexpected(fmt::format("{}: is a folder; name the file", file.string()));
    auto tar = NewFile::create(file);
    if (!tar) return std::unexpected(std::move(tar.error()));
    return Backup{std::move(*archive), std::move(*tar), data, meter, interruption}.run(file);
}

} // namespace portico::store
