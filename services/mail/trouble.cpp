#include "services/mail/trouble.hpp"

#include <fmt/core.h>

namespace portico::mail {

void Trouble::failed(std::string_view reason)
{
    if (failures_.fetch_add(1) == 0)
        log_.write(net::Level::error, fmt::format("{} fails: {}", what_, reason));
}

void Trouble::worked()
{
    if (failures_.load(std::memory_order_relaxed) == 0) return;
    if (auto failures = failures_.exchange(0))
        log_.write(net::Level::info, fmt::format("{} works again, after {} {}", what_, failures,
                                                 failures == 1 ? "failure" : "failures"));
}

} // namespace portico::mail
