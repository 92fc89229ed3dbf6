#include "services/host/certificate_watch.hpp"

#include <fmt/core.h>

#include <utility>

namespace portico::host {

namespace {

// Tickets are only as secret as their keys, which are made anew with every reading: with TLS 1.2
// who learns a key can read what was resumed by it (RFC 5077 section 5.5).
constexpr std::chrono::hours ticket_keys_last{24};

} // namespace

CertificateWatch::CertificateWatch(net::Tls& tls, net::Log& log, std::chrono::milliseconds interval)
    : tls_{tls}, log_{log}, interval_{interval}, thread_{[this](const std::stop_token& stop) {
          run(stop);
      }}
{
}

void CertificateWatch::read_again()
{
    const std::scoped_lock lock{mutex_};
    ask_ = true;
    asked_.notify_one();
}

void CertificateWatch::run(const std::stop_token& stop)
{
    auto last = std::chrono::steady_clock::now();
    for (;;) {
        bool asked = false;
        {
            std::unique_lock lock{mutex_};
            asked_.wait_for(lock, stop, interval_, [this] { return ask_; });
            asked = std::exchange(ask_, false);
        }
        if (stop.stop_requested()) return;
        const auto now = std::chrono::steady_clock::now();
        const bool changed = tls_.changed();
        if (!asked && !changed && now - last < ticket_keys_last) continue;
        last = now;
        // A bad file is said once: it does not count as changed until it changes again.
        if (auto loaded = tls_.reload(); !loaded)
            log_.write(net::Level::error, fmt::format("TLS goes on as it was: {}", loaded.error()));
        else if (asked || changed)
            log_.write(net::Level::info, "TLS: the certificates are read again");
    }
}

} // namespace portico::host
