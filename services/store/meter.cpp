#include "services/store/meter.hpp"

#include <fmt/core.h>

#include <cstdio>
#include <sys/ioctl.h>
#include <unistd.h>
#include <utility>

namespace portico::store {

namespace {

using namespace std::chrono_literals;

std::size_t columns()
{
    winsize size{};
    if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 79;
    return size.ws_col - 1u; // the last one would wrap
}

} // namespace

Meter::Meter(std::string what, std::string item)
    : what_{std::move(what)}, item_{std::move(item)}, terminal_{::isatty(STDERR_FILENO) == 1}
{
}

Meter::~Meter()
{
    clear();
}

void Meter::show(std::uint64_t done, std::uint64_t total, std::uint64_t items)
{
    if (!terminal_) return;
    const auto now = Clock::now();
    if (drawn_ && now - drawn_at_ < 100ms) return;
    drawn_ = true;
    drawn_at_ = now;
    const auto elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(now - began_);
    fmt::print(stderr, "\r{}\x1b[K",
               progress_line({what_, done, total, items, item_, elapsed}, columns()));
    std::fflush(stderr);
}

void Meter::now(std::string what)
{
    what_ = std::move(what);
    began_ = Clock::now();
    drawn_at_ = {};
}

void Meter::say(std::string_view line)
{
    clear();
    fmt::print(stderr, "portico: {}\n", line);
}

void Meter::clear()
{
    if (std::exchange(drawn_, false)) fmt::print(stderr, "\r\x1b[K");
}

} // namespace portico::store
