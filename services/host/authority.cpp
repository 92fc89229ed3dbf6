#include "services/host/authority.hpp"

#include "net/file_descriptor.hpp"
#include "services/host/x509.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace portico::host {

namespace fs = std::filesystem;

namespace {

constexpr std::time_t renewed_before = 30 * 24 * 3600; // that it runs out

std::unexpected<std::string> failure(const fs::path& file, std::string_view why)
{
    return std::unexpected{fmt::format("test authority, {}: {}", file.string(), why)};
}

/// A whole file; empty if there is none.
std::expected<std::string, std::string> read(const fs::path& path)
{
    const net::FileDescriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
    if (!file) {
        if (errno == ENOENT) return std::string{};
        return failure(path, std::strerror(errno));
    }
    std::string content;
    char buffer[4096];
    for (ssize_t got = 0; (got = ::read(file.get(), buffer, sizeof buffer)) != 0;) {
        if (got < 0) return failure(path, std::strerror(errno));
        content.append(buffer, static_cast<std::size_t>(got));
    }
    if (content.empty()) return failure(path, "it is empty");
    return content;
}

enum class Existing : bool { kept, replaced };

/// Writes a file that appears whole, on disk. Where one stands already and is kept, that one holds,
/// since another process was first.
std::expected<void, std::string> write(const fs::path& path, const std::string& content,
                                       mode_t mode, Existing existing)
{
    const auto unfinished = fmt::format("{}.{}", path.string(), ::getpid());
    ::unlink(unfinished.c_str());
    const net::FileDescriptor file{
        ::open(unfinished.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)};
    bool done = file && ::fchmod(file.get(), mode) == 0 &&
                ::write(file.get(), content.data(), content.size()) ==
                    static_cast<ssize_t>(content.size()) &&
                ::fsync(file.get()) == 0;
    if (existing == Existing::replaced)
        done = done && ::rename(unfinished.c_str(), path.c_str()) == 0;
    else
        done = done && (::link(unfinished.c_str(), path.c_str()) == 0 || errno == EEXIST);
    const auto* why = done ? "" : std::strerror(errno);
    ::unlink(unfinished.c_str());
    if (!done) return failure(path, why);
    const net::FileDescriptor folder{
        ::open(path.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (folder) ::fsync(folder.get());
    return {};
}

/// What `path` holds, made by `make` if it is not there.
template <class Make>
std::expected<std::string, std::string> read_or_make(const fs::path& path, mode_t mode, Make make)
{
    auto content = read(path);
    if (!content || !content->empty()) return content;
    if (auto written = write(path, make(), mode, Existing::kept); !written)
        return std::unexpected{written.error()};
    return read(path);
}

std::vector<std::string> all_names(const std::string& host_name,
                                   const std::vector<std::string>& others)
{
    std::vector<std::string> all{host_name, "localhost", "127.0.0.1", "::1"};
    all.insert(all.end(), others.begin(), others.end());
    std::vector<std::string> unique; // in this order, so that the host's own name is the first
    for (auto& name : all) {
        std::ranges::transform(name, name.begin(), [](char c) {
            return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
        });
        if (!name.empty() && std::ranges::find(unique, name) == unique.end())
            unique.push_back(name);
    }
    return unique;
}

} // namespace

auto Authority::open(const fs::path& data, const std::string& host_name, std::time_t now)
    -> std::expected<Authority, std::string>
{
    const auto folder = data / "tls";
    std::error_code error;
    for (const auto& made : {data, folder}) {
        if (fs::create_directories(made, error) && !error)
            fs::permissions(made, fs::perms::owner_all, error);
        if (error) return failure(made, error.message());
    }
    const auto key_file = folder / "ca.key";
    const auto file = folder / "ca.pem";
    auto pem = read(file);
    if (!pem) return std::unexpected{pem.error()};
    if (pem->empty()) { // a key without it is what a crash has left
        const auto key_pem =
            read_or_make(key_file, S_IRUSR | S_IWUSR, [] { return to_pem(make_key()); });
        if (!key_pem) return std::unexpected{key_pem.error()};
        const auto key = key_from(*key_pem);
        if (!key) return failure(key_file, "no private key is in it");
        pem = read_or_make(file, S_IRUSR | S_IWUSR | S_IRGRP | S_IROTH, [&] {
            return to_pem(make_authority(key, "portico test authority, " + host_name, now));
        });
        if (!pem) return std::unexpected{pem.error()};
    }
    const auto certificate = certificate_from(*pem);
    if (!certificate) return failure(file, "no certificate is in it");
    if (!lasts_until(certificate, now))
        return failure(file, "it has run out; without this file and ca.key a new one is made");
    return Authority{folder, host_name, to_pem(certificate)};
}

auto Authority::certificate_for(const std::vector<std::string>& others, std::time_t now) const
    -> std::expected<fs::path, std::string>
{
    const auto names = all_names(host_name_, others);
    const auto authority = certificate_from(certificate_);
    const auto file = folder_ / "host.pem";
    const auto pem = read(file);
    if (!pem) return std::unexpected{pem.error()};
    if (!pem->empty()) {
        const auto certificate = certificate_from(*pem);
        const auto key = key_from(*pem);
        if (!certificate || !key || !belongs_to(certificate, key))
            return failure(file, "it does not hold a key and its certificate; without this file "
                                 "a new one is made");
        if (is_signed_by(certificate, authority) && is_for(certificate, names) &&
            lasts_until(certificate, now + renewed_before))
            return file;
    }
    const auto key_file = folder_ / "ca.key";
    const auto key_pem = read(key_file);
    if (!key_pem) return std::unexpected{key_pem.error()};
    if (key_pem->empty())
        return failure(key_file, "there is none, so nothing can be signed; without ca.pem a new "
                                 "authority is made");
    const auto authority_key = key_from(*key_pem);
    if (!authority_key || !belongs_to(authority, authority_key))
        return failure(key_file, "it is not the key of ca.pem");
    const auto key = make_key();
    const auto made = make_host(key, names.front(), names, authority_key, authority, now);
    if (auto written =
            write(file, to_pem(key) + to_pem(made), S_IRUSR | S_IWUSR, Existing::replaced);
        !written)
        return std::unexpected{written.error()};
    return file;
}

} // namespace portico::host
