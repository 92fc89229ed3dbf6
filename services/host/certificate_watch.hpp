#pragma once

#include "net/log.hpp"
#include "net/tls.hpp"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <thread>

namespace portico::host {

/// Has certificates read again when their files change, on a thread of its own, so that no loop
/// waits for a disk. What it is given outlives it; live sessions notice nothing.
class CertificateWatch {
public:
    CertificateWatch(net::Tls& tls, net::Log& log,
                     std::chrono::milliseconds interval = std::chrono::seconds{2});

    /// SIGHUP: reads them now, also if they look the same. Safe from every thread; does not wait.
    void read_again();

private:
    void run(const std::stop_token& stop);

    net::Tls& tls_;
    net::Log& log_;
    const std::chrono::milliseconds interval_;
    std::mutex mutex_;
    std::condition_variable_any asked_;
    bool ask_ = false;
    std::jthread thread_; // the last: it uses the others
};

} // namespace portico::host
