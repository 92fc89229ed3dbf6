#include "services/store/mail_files.hpp"

#include "services/store/mbox.hpp"
#include "services/store/wire_form.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

namespace portico::store {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t piece = 256 << 10;

Result<std::string> read_piece(const net::FileDescriptor& file, const fs::path& path,
                               std::size_t size = piece)
{
    std::string bytes(size, '\0');
    ssize_t got = 0;
    do got = ::read(file.get(), bytes.data(), bytes.size());
    while (got < 0 && errno == EINTR);
    if (got < 0) return system_error(path);
    bytes.resize(static_cast<std::size_t>(got));
    return bytes;
}

Result<MailFile> mail_file(const fs::path& path)
{
    MailFile found{path, MailFile::Kind::message, 0, {}, {}};
    std::error_code failure;
    found.size = fs::file_size(path, failure);
    if (!failure) found.modified = fs::last_write_time(path, failure);
    if (failure) return std::unexpected(fmt::format("{}: {}", path.string(), failure.message()));
    if (path.extension() == ".eml") {
        const auto folder = fs::absolute(path, failure).parent_path().filename();
        found.mailbox = mailbox_of_file_name(folder.string());
        return found;
    }
    if (path.extension() == ".mbox") {
        found.kind = MailFile::Kind::mbox;
        found.mailbox = mailbox_of_file_name(path.stem().string());
        return found;
    }
    const net::FileDescriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
    if (!file) return system_error(path);
    auto head = read_piece(file, path, 5);
    if (!head) return std::unexpected(std::move(head.error()));
    if (*head == "From ") found.kind = MailFile::Kind::mbox;
    return found;
}

Result<std::vector<MailFile>> in_folder(const fs::path& folder)
{
    std::vector<MailFile> found;
    std::error_code failure;
    fs::recursive_directory_iterator entry{folder, failure};
    for (; !failure && entry != fs::recursive_directory_iterator{}; entry.increment(failure)) {
        const auto& path = entry->path();
        if (path.extension() != ".eml" && path.extension() != ".mbox") continue;
        std::error_code other;
        if (!entry->is_regular_file(other)) continue;
        auto file = mail_file(path);
        if (!file) return std::unexpected(std::move(file.error()));
        found.push_back(std::move(*file));
    }
    if (failure) return std::unexpected(fmt::format("{}: {}", folder.string(), failure.message()));
    std::ranges::sort(found, {}, [](const MailFile& file) {
        return std::tuple{file.path.parent_path(), file.modified, file.path};
    });
    return found;
}

/// Puts what the reader finds into the spool, and hands it on.
class Spooler final : public MboxSink {
public:
    Spooler(Spool& spool, const std::function<Result<>(const FoundMessage&)>& take)
        : spool_{spool}, take_{take}
    {
    }

    void begin(const FromLine& line) override
    {
        found_ = {line.reverse_path, line.received};
        spool_.clear();
    }
    void append(std::string_view bytes) override
    {
        if (result) result = spool_.add(bytes);
    }
    void end() override
    {
        if (result) result = take_(found_);
    }

    Result<> result;

private:
    Spool& spool_;
    const std::function<Result<>(const FoundMessage&)>& take_;
    FoundMessage found_;
};

/// Hands the file to `add` piece by piece.
Result<> each_piece(const MailFile& file, const std::function<Result<>(std::string_view)>& add,
                    const std::function<bool(std::uint64_t)>& progress)
{
    const net::FileDescriptor opened{::open(file.path.c_str(), O_RDONLY | O_CLOEXEC)};
    if (!opened) return system_error(file.path);
    for (std::uint64_t done = 0;;) {
        auto bytes = read_piece(opened, file.path);
        if (!bytes) return std::unexpected(std::move(bytes.error()));
        if (bytes->empty()) return {};
        if (auto added = add(*bytes); !added) return added;
        done += bytes->size();
        if (!progress(done)) return std::unexpected(std::string{"interrupted"});
    }
}

} // namespace

Result<std::vector<MailFile>> find_mail_files(const std::vector<fs::path>& paths)
{
    std::vector<MailFile> found;
    for (const auto& path : paths) {
        std::error_code none;
        if (fs::is_directory(path, none)) {
            auto more = in_folder(path);
            if (!more) return more;
            std::ranges::move(*more, std::back_inserter(found));
        } else {
            auto file = mail_file(path);
            if (!file) return std::unexpected(std::move(file.error()));
            found.push_back(std::move(*file));
        }
    }
    return found;
}

Result<> read_mail_file(const MailFile& file, Spool& spool,
                        const std::function<Result<>(const FoundMessage&)>& take,
                        const std::function<bool(std::uint64_t)>& progress)
{
    if (file.kind == MailFile::Kind::mbox) {
        Spooler spooler{spool, take};
        MboxReader reader{spooler};
        const auto add = [&](std::string_view bytes) {
            reader.add(bytes);
            if (reader.failed())
                spooler.result = std::unexpected(fmt::format(
                    "{}: is no mbox file: does not begin with a From_ line", file.path.string()));
            return spooler.result;
        };
        if (file.size == 0) return {};
        if (auto read = each_piece(file, add, progress); !read) return read;
        reader.finish();
        return add({});
    }
    spool.clear();
    WireForm form;
    std::string wire;
    const auto add = [&](std::string_view bytes) {
        wire.clear();
        form.add(bytes, wire);
        return spool.add(wire);
    };
    if (auto read = each_piece(file, add, progress); !read) return read;
    wire.clear();
    form.finish(wire);
    if (auto added = spool.add(wire); !added) return added;
    const auto modified = std::chrono::file_clock::to_sys(file.modified);
    return take({reverse_path_of(spool.head().substr(0, 1024)),
                 std::chrono::floor<std::chrono::system_clock::duration>(modified)});
}

} // namespace portico::store
