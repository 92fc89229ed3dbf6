#include "services/accounts/directory.hpp"

#include "services/accounts/name.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace portico::accounts {

namespace {

bool is_dot_string(std::string_view text) // RFC 5321 section 4.1.2
{
    constexpr std::string_view atext = "abcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-/=?^_`{|}~.";
    const auto is_atext = [atext](char c) { // RFC 6531 section 3.3: atext =/ UTF8-non-ascii
        return static_cast<unsigned char>(c) > 127 || atext.contains(c);
    };
    return !text.empty() && std::ranges::all_of(text, is_atext) && text.front() != '.' &&
           text.back() != '.' && text.find("..") == text.npos;
}

// RFC 5321 section 4.1.2: quoting where none is needed changes nothing; "ana"@x is ana@x.
std::string canonical_local_part(std::string_view text)
{
    if (text.size() < 2 || text.front() != '"' || text.back() != '"') return std::string{text};
    text = text.substr(1, text.size() - 2);
    std::string content;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\\' && i + 1 < text.size()) ++i;
        content += text[i];
    }
    if (is_dot_string(content)) return content;
    std::string quoted = "\"";
    for (char c : content) {
        if (c == '"' || c == '\\') quoted += '\\';
        quoted += c;
    }
    return quoted += '"';
}

/// One spelling for all that mean the same: lower case, quoted only where it must be.
std::string canonical(std::string_view address)
{
    const auto text = lowered(address);
    const auto at = text.rfind('@'); // a domain has none
    if (at == text.npos) return canonical_local_part(text);
    return canonical_local_part(std::string_view{text}.substr(0, at)) + text.substr(at);
}

} // namespace

Directory::Directory(std::string host_name, config::Mail::Accept accept, config::Auth::Mode mode,
                     const std::vector<config::Account>& accounts)
    : host_name_{lowered(host_name)}, accept_{accept}, mode_{mode}
{
    for (const auto& account : accounts) {
        const auto mailbox = local_mailbox(account.name);
        logins_.emplace(lowered(account.name), mailbox);
        // "*@domain" is an address like any other here, since a real "*" local part would be
        // looked up first and means the same.
        for (const auto& address : account.addresses)
            addresses_.emplace(canonical(address), mailbox);
    }
}

std::optional<std::string> Directory::mailbox_for(std::string_view address) const
{
    auto recipient = canonical(address);
    const auto postmaster = "postmaster@" + host_name_;
    auto at = recipient.rfind('@');
    if (at == recipient.npos) {
        if (recipient != "postmaster") return {};
        recipient = postmaster;
        at = recipient.rfind('@');
    }
    if (auto exact = addresses_.find(recipient); exact != addresses_.end()) return exact->second;
    if (auto any = addresses_.find(fmt::format("*{}", recipient.substr(at)));
        any != addresses_.end())
        return any->second;
    if (accept_ == config::Mail::Accept::any || recipient == postmaster) return recipient;
    return {};
}

std::optional<std::string> Directory::mailbox_of_login(std::string_view user) const
{
    if (user.empty()) return {};
    if (mode_ == config::Auth::Mode::any) return local_mailbox(user);
    auto login = logins_.find(lowered(user));
    if (login == logins_.end()) return {};
    return login->second;
}

std::optional<std::string> Directory::mailbox_named(std::string_view name) const
{
    if (name.empty()) return {};
    const auto spelled = canonical(name);
    for (const auto& [login, mailbox] : logins_)
        if (mailbox == spelled) return mailbox;
    if (auto mailbox = mailbox_of_login(name)) return mailbox;
    return mailbox_for(name);
}

std::string Directory::local_mailbox(std::string_view name) const
{
    const bool complete = name.contains('@');
    return canonical(complete ? std::string{name} : std::string{name} + "@" + host_name_);
}

} // namespace portico::accounts
