#include "services/mail/envelope_text.hpp"

#include <fmt/core.h>

#include <charconv>

namespace portico::mail {

namespace {

constexpr std::string_view user = "\tUSER=";

std::string xtext(std::string_view text)
{
    std::string coded;
    for (const char c : text) {
        if (c > ' ' && c <= '~' && c != '+' && c != '=')
            coded += c;
        else
            coded += fmt::format("+{:02X}", static_cast<unsigned char>(c));
    }
    return coded;
}

/// Of a row that may be anything: what is no xtext stands for itself.
std::string from_xtext(std::string_view coded)
{
    std::string text;
    for (std::size_t i = 0; i < coded.size(); ++i) {
        unsigned value = 0;
        const auto digits = coded.substr(i + 1, 2);
        const auto* end = digits.data() + digits.size();
        if (coded[i] == '+' && digits.size() == 2 &&
            std::from_chars(digits.data(), end, value, 16).ptr == end) {
            text += static_cast<char>(value);
            i += 2;
        } else {
            text += coded[i];
        }
    }
    return text;
}

} // namespace

std::string parameters_text(const Envelope& envelope)
{
    std::string text;
    auto add = [&text](std::string_view parameter, std::string_view value = {}) {
        if (!text.empty()) text += ' ';
        (text += parameter) += value;
    };
    if (envelope.body == BodyType::eight_bit) add("BODY=8BITMIME");
    if (envelope.body == BodyType::binary) add("BODY=BINARYMIME");
    if (envelope.smtputf8) add("SMTPUTF8");
    if (!envelope.ret.empty()) add("RET=", envelope.ret);
    if (!envelope.envid.empty()) add("ENVID=", envelope.envid);
    return text;
}

std::string recipients_text(const Envelope& envelope)
{
    std::string text;
    for (const auto& recipient : envelope.recipients) {
        if (!text.empty()) text += '\n';
        text += recipient.address;
        if (!recipient.notify.empty()) text += "\tNOTIFY=" + recipient.notify;
        if (!recipient.orcpt.empty()) text += "\tORCPT=" + recipient.orcpt;
    }
    if (!envelope.username.empty()) ((text += '\n') += user) += xtext(envelope.username);
    return text;
}

Addressed parse_recipients(std::string_view text)
{
    Addressed found;
    while (!text.empty()) {
        const auto line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        if (line.starts_with(user))
            found.username = from_xtext(line.substr(user.size()));
        else if (!line.starts_with('\t'))
            found.recipients.emplace_back(line.substr(0, line.find('\t')));
    }
    return found;
}

} // namespace portico::mail
