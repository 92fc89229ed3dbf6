#pragma once

#include "config/config.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace portico::accounts {

/// Which addresses exist and whose mailbox they lead to. Pure: no I/O, immutable once built, so
/// safe from every loop. Knows no passwords.
class Directory {
public:
    Directory(std::string host_name, config::Mail::Accept accept, config::Auth::Mode mode,
              const std::vector<config::Account>& accounts);

    /// The mailbox that takes mail for `address` ("Ana@example.test", or "postmaster" without a
    /// domain, RFC 5321 section 4.5.1); nothing if there is no such recipient (SMTP: 550).
    /// Compared without case, for the local part too: a mailbox has one owner.
    std::optional<std::string> mailbox_for(std::string_view address) const;

    /// The mailbox a login leads to: "ana@example.test" is that mailbox, "ana" is
    /// "ana@<host name>"; in mode "listed", that of the account with this name, if there is one.
    std::optional<std::string> mailbox_of_login(std::string_view user) const;

    /// The mailbox that is called so, by its own name, a login or an address.
    std::optional<std::string> mailbox_named(std::string_view name) const;

private:
    std::string local_mailbox(std::string_view name) const;

    std::string host_name_;
    config::Mail::Accept accept_;
    config::Auth::Mode mode_;
    std::unordered_map<std::string, std::string> addresses_; // canonical or "*@domain", mailbox
    std::unordered_map<std::string, std::string> logins_;    // lower case, mailbox
};

} // namespace portico::accounts
