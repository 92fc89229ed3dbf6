#include "services/http/access_log.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <span>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace portico::http {

namespace {

constexpr std::chrono::seconds longest_wait{1}; // of a line for its way into the file
constexpr std::chrono::seconds between_tellings{1};

/// Not blocking, for the sake of pipes that nobody reads.
net::FileDescriptor open_to_append(const std::filesystem::path& path)
{
    return net::FileDescriptor{::open(
        path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0640)};
}

std::string message(int error)
{
    return std::system_category().message(error);
}

bool is_named(const std::filesystem::path& path, int file)
{
    struct stat named {
    }, opened{};
    return ::stat(path.c_str(), &named) == 0 && ::fstat(file, &opened) == 0 &&
           named.st_dev == opened.st_dev && named.st_ino == opened.st_ino;
}

/// Whether a pipe takes something again within a second.
bool wait_for_room(int file)
{
    pollfd waiting{.fd = file, .events = POLLOUT, .revents = 0};
    return ::poll(&waiting, 1, 1000) > 0;
}

/// Signals are for the thread of main; and a pipe without a reader is an error like others.
void block_signals()
{
    sigset_t all;
    sigfillset(&all);
    ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

} // namespace

std::expected<std::unique_ptr<AccessLog>, std::string>
AccessLog::open(std::filesystem::path path, AccessFormat format, std::size_t octets, net::Log& log)
{
    auto file = open_to_append(path);
    if (!file)
        return std::unexpected{fmt::format("access log {}: {}", path.string(), message(errno))};
    return std::unique_ptr<AccessLog>{
        new AccessLog{std::move(path), std::move(file), format, octets, log}};
}

AccessLog::AccessLog(std::filesystem::path path, net::FileDescriptor file, AccessFormat format,
                     std::size_t octets, net::Log& log)
    : path_{std::move(path)}, capacity_{octets}, log_{log},
      formatter_{format}, filling_{.room = std::make_unique<char[]>(octets)},
      file_{std::move(file)}, writing_{.room = std::make_unique<char[]>(octets)}
{
    thread_ = std::thread{[this] { run(); }};
}

AccessLog::~AccessLog()
{
    {
        const std::lock_guard lock{mutex_};
        stopping_ = true;
    }
    work_.notify_one();
    thread_.join();
}

void AccessLog::write(const AccessRecord& record)
{
    bool wake = false;
    {
        const std::lock_guard lock{mutex_};
        const std::span room{filling_.room.get() + filling_.size, capacity_ - filling_.size};
        const auto length = formatter_.write(room, record);
        if (!length) {
            ++dropped_;
            return;
        }
        const auto before = filling_.size;
        filling_.size += *length;
        // The thread waits for a first line, and then for the half.
        wake = before == 0 || (before < capacity_ / 2 && filling_.size >= capacity_ / 2);
    }
    if (wake) work_.notify_one();
}

void AccessLog::flush()
{
    std::unique_lock lock{mutex_};
    const auto mine = ++flushes_wanted_;
    work_.notify_one();
    written_.wait(lock, [&] { return flushes_done_ >= mine; });
}

std::uint64_t AccessLog::dropped() const
{
    const std::lock_guard lock{mutex_};
    return dropped_;
}

/// Until there is something to write out, then so long that it is worth it. False: it is all.
bool AccessLog::wait(std::unique_lock<std::mutex>& lock)
{
    const auto urgent = [&] { return stopping_ || flushes_wanted_ > flushes_done_; };
    work_.wait(lock, [&] { return urgent() || filling_.size > 0 || dropped_ > told_; });
    work_.wait_for(lock, longest_wait, [&] { return urgent() || filling_.size >= capacity_ / 2; });
    return !stopping_ || filling_.size > 0;
}

void AccessLog::run()
{
    block_signals();
    std::unique_lock lock{mutex_};
    while (wait(lock)) {
        std::swap(filling_, writing_);
        const auto flushes = flushes_wanted_;
        lock.unlock();
        put({writing_.room.get(), writing_.size});
        tell_dropped(false);
        lock.lock();
        writing_.size = 0;
        flushes_done_ = flushes;
        written_.notify_all();
    }
    lock.unlock();
    tell_dropped(true);
}

void AccessLog::put(std::string_view lines)
{
    if (lines.empty()) return;
    const bool followed = follow_rotation();
    if (within_line_ && append("\n") == 1) within_line_ = false;
    const auto rest = lines.substr(within_line_ ? 0 : append(lines));
    if (rest.empty()) {
        if (followed && std::exchange(failure_, 0) != 0)
            log_.write(net::Level::warn,
                       fmt::format("access log {}: is well again", path_.string()));
        return;
    }
    if (rest.size() < lines.size()) within_line_ = lines[lines.size() - rest.size() - 1] != '\n';
    const std::lock_guard lock{mutex_};
    dropped_ += static_cast<std::uint64_t>(std::ranges::count(rest, '\n'));
}

/// How much of `text` the file has taken; if not all, the log knows why.
std::size_t AccessLog::append(std::string_view text)
{
    std::size_t taken = 0;
    while (taken < text.size()) {
        const auto count = ::write(file_.get(), text.data() + taken, text.size() - taken);
        if (count >= 0) {
            taken += static_cast<std::size_t>(count);
            continue;
        }
        const int error = errno;
        if (error == EINTR) continue;
        if (error == EAGAIN && wait_for_room(file_.get())) continue;
        tell_failure(error);
        break;
    }
    return taken;
}

/// Opens the path again if it names another file. What cannot be opened leaves the old one, where
/// the lines are better than nowhere; then false.
bool AccessLog::follow_rotation()
{
    if (is_named(path_, file_.get())) return true;
    auto file = open_to_append(path_);
    if (!file) {
        tell_failure(errno);
        return false;
    }
    file_ = std::move(file);
    within_line_ = false;
    return true;
}

/// Not more often than once a second, for those who are in trouble already.
void AccessLog::tell_dropped(bool at_once)
{
    const auto now = std::chrono::steady_clock::now();
    if (!at_once && now - told_at_ < between_tellings) return;
    const auto all = dropped();
    if (all == told_) return;
    log_.write(net::Level::warn, fmt::format("access log {}: {} lines dropped", path_.string(),
                                             all - std::exchange(told_, all)));
    told_at_ = now;
}

void AccessLog::tell_failure(int error)
{
    if (std::exchange(failure_, error) == error) return;
    log_.write(net::Level::error, fmt::format("access log {}: {}", path_.string(), message(error)));
}

std::expected<AccessLog*, std::string> AccessLogs::open(const std::filesystem::path& path,
                                                        AccessFormat format, std::size_t octets)
{
    std::error_code error;
    auto name = std::filesystem::weakly_canonical(path, error);
    if (error) name = path; // open() says what is wrong with it
    if (const auto found = entries_.find(name); found != entries_.end()) {
        if (found->second.format == format) return found->second.log.get();
        return std::unexpected{
            fmt::format("access log {}: two ports want it in two formats", path.string())};
    }
    auto log = AccessLog::open(path, format, octets, log_);
    if (!log) return std::unexpected{std::move(log.error())};
    return entries_.emplace(name, Entry{format, std::move(*log)}).first->second.log.get();
}

} // namespace portico::http
