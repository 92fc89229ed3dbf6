#include "services/mail/refusals.hpp"

#include <fmt/core.h>

namespace portico::mail {

namespace {

constexpr std::size_t most_remembered = 4096; // of the others the lines come again

std::string name_of(const std::string& mailbox)
{
    return mailbox.empty() ? "the mail store" : "mailbox " + mailbox;
}

} // namespace

void Refusals::refused(const Refusal& refusal)
{
    if (full_.size() == most_remembered && !full_.contains(refusal.mailbox)) full_.clear();
    if (++full_[refusal.mailbox] > 1) return;
    log_.write(net::Level::warn, fmt::format("{} is full ([mail] {}): mail for it is refused",
                                             name_of(refusal.mailbox), refusal.limit));
}

void Refusals::took(std::span<const std::string> mailboxes)
{
    if (full_.empty()) return;
    took("");
    for (auto& mailbox : mailboxes) took(mailbox);
}

void Refusals::took(const std::string& mailbox)
{
    auto found = full_.find(mailbox);
    if (found == full_.end()) return;
    log_.write(net::Level::info,
               fmt::format("{} takes mail again, after {} refusal{}", name_of(mailbox),
                           found->second, found->second == 1 ? "" : "s"));
    full_.erase(found);
}

} // namespace portico::mail
