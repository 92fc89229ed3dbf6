#pragma once

#include "net/file_descriptor.hpp"
#include "net/log.hpp"
#include "services/http/access_record.hpp"

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

namespace portico::http {

/// A file with a line for each answered request. Lines wait in memory until half of the buffer is
/// full or a second has passed, then a thread of its own adds them to the file; what is left, the
/// destructor writes. Where they come faster than the file takes them, or it takes none, lines are
/// dropped and counted, and the log says how many. If the path has come to name another file, or
/// none (log rotation), it is opened again before the next lines. Safe from every thread.
class AccessLog {
public:
    /// Adds to the file, which is made (0640) if it is not there. The buffer is `octets`, and as
    /// much again for what is being written. `log` outlives this. The error says why the file
    /// cannot be had.
    static std::expected<std::unique_ptr<AccessLog>, std::string>
    open(std::filesystem::path path, AccessFormat format, std::size_t octets, net::Log& log);

    ~AccessLog();
    AccessLog(const AccessLog&) = delete;
    AccessLog& operator=(const AccessLog&) = delete;

    /// Adds a line, or drops it. Never waits for the file and never allocates.
    void write(const AccessRecord& record);

    /// Waits until each line that was added before is in the file or dropped.
    void flush();

    /// How many lines did not reach the file, since ever.
    std::uint64_t dropped() const;

private:
    struct Buffer {
        std::unique_ptr<char[]> room;
        std::size_t size = 0;
    };

    AccessLog(std::filesystem::path path, net::FileDescriptor file, AccessFormat format,
              std::size_t octets, net::Log& log);
    void run();
    bool wait(std::unique_lock<std::mutex>& lock);
    void put(std::string_view lines);
    std::size_t append(std::string_view text);
    bool follow_rotation();
    void tell_dropped(bool at_once);
    void tell_failure(int error);

    const std::filesystem::path path_;
    const std::size_t capacity_;
    net::Log& log_;

    mutable std::mutex mutex_; // of the following
    std::condition_variable work_;
    std::condition_variable written_;
    AccessFormatter formatter_;
    Buffer filling_;
    std::uint64_t dropped_ = 0;
    std::uint64_t flushes_wanted_ = 0;
    std::uint64_t flushes_done_ = 0;
    bool stopping_ = false;

    // The thread's own.
    net::FileDescriptor file_;
    Buffer writing_;
    bool within_line_ = false; // the file ends in a part of a line, since it was full
    int failure_ = 0;          // errno that was last told, 0 since it was well again
    std::uint64_t told_ = 0;   // of dropped_
    std::chrono::steady_clock::time_point told_at_;

    std::thread thread_;
};

/// The access logs of all ports: those with the same path share one. Whoever writes to them ends
/// before. Filled at startup; not safe from several threads.
class AccessLogs {
public:
    explicit AccessLogs(net::Log& log) : log_{log} {}

    /// The log of this path, opened by the first who asks; its buffer is the first's, too. The
    /// error says why the file cannot be had, or that it is to have two formats.
    std::expected<AccessLog*, std::string> open(const std::filesystem::path& path,
                                                AccessFormat format, std::size_t octets);

private:
    struct Entry {
        AccessFormat format;
        std::unique_ptr<AccessLog> log;
    };

    net::Log& log_;
    std::map<std::filesystem::path, Entry> entries_; // by the path without symbolic links
};

} // namespace portico::http
