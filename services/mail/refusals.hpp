#pragma once

#include "net/log.hpp"
#include "services/mail/limits.hpp"

#include <cstdint>
#include <map>
#include <span>
#include <string>

namespace portico::mail {

/// One line in the log when a limit of `[mail]` begins to refuse mail, of the store or of one
/// mailbox, and one when it takes some again. On one thread.
class Refusals {
public:
    /// `log` outlives it.
    explicit Refusals(net::Log& log) : log_{log} {}

    void refused(const Refusal& refusal);
    void took(std::span<const std::string> mailboxes);

private:
    void took(const std::string& mailbox);

    net::Log& log_;
    std::map<std::string, std::uint64_t> full_; // how often it refused; "" is the store
};

} // namespace portico::mail
