#include "net/registry.hpp"

#include <algorithm>
#include <array>

namespace portico::net {

namespace {

struct WellKnown {
    std::uint16_t port;
    std::string_view tcp;
    std::string_view udp;
};

// Service Name and Transport Protocol Port Number Registry (IANA, RFC 6335): what people meet.
constexpr std::array well_known{
    WellKnown{1, "tcpmux", "tcpmux"},
    WellKnown{7, "echo", "echo"},
    WellKnown{9, "discard", "discard"},
    WellKnown{11, "systat", "systat"},
    WellKnown{13, "daytime", "daytime"},
    WellKnown{17, "qotd", "qotd"},
    WellKnown{19, "chargen", "chargen"},
    WellKnown{20, "ftp-data", "ftp-data"},
    WellKnown{21, "ftp", "ftp"},
    WellKnown{22, "ssh", "ssh"},
    WellKnown{23, "telnet", "telnet"},
    WellKnown{25, "smtp", "smtp"},
    WellKnown{37, "time", "time"},
    WellKnown{43, "nicname", "nicname"},
    WellKnown{49, "tacacs", "tacacs"},
    WellKnown{53, "domain", "domain"},
    WellKnown{67, "bootps", "bootps"},
    WellKnown{68, "bootpc", "bootpc"},
    WellKnown{69, "tftp", "tftp"},
    WellKnown{70, "gopher", "gopher"},
    WellKnown{79, "finger", "finger"},
    WellKnown{80, "http", "http"},
    WellKnown{88, "kerberos", "kerberos"},
    WellKnown{110, "pop3", "pop3"},
    WellKnown{111, "sunrpc", "sunrpc"},
    WellKnown{113, "ident", "auth"},
    WellKnown{119, "nntp", "nntp"},
    WellKnown{123, "ntp", "ntp"},
    WellKnown{137, "netbios-ns", "netbios-ns"},
    WellKnown{138, "netbios-dgm", "netbios-dgm"},
    WellKnown{139, "netbios-ssn", "netbios-ssn"},
    WellKnown{143, "imap", ""},
    WellKnown{161, "snmp", "snmp"},
    WellKnown{162, "snmptrap", "snmptrap"},
    WellKnown{179, "bgp", "bgp"},
    WellKnown{194, "irc", "irc"},
    WellKnown{389, "ldap", "ldap"},
    WellKnown{427, "svrloc", "svrloc"},
    WellKnown{443, "https", "https"},
    WellKnown{445, "microsoft-ds", "microsoft-ds"},
    WellKnown{464, "kpasswd", "kpasswd"},
    WellKnown{465, "submissions", ""},
    WellKnown{500, "isakmp", "isakmp"},
    WellKnown{513, "login", "who"},
    WellKnown{514, "shell", "syslog"},
    WellKnown{515, "printer", "printer"},
    WellKnown{520, "efs", "router"},
    WellKnown{530, "courier", "courier"},
    WellKnown{546, "dhcpv6-client", "dhcpv6-client"},
    WellKnown{547, "dhcpv6-server", "dhcpv6-server"},
    WellKnown{548, "afpovertcp", "afpovertcp"},
    WellKnown{554, "rtsp", "rtsp"},
    WellKnown{563, "nntps", "nntps"},
    WellKnown{587, "submission", "submission"},
    WellKnown{623, "oob-ws-http", "asf-rmcp"},
    WellKnown{631, "ipp", "ipp"},
    WellKnown{636, "ldaps", "ldaps"},
    WellKnown{646, "ldp", "ldp"},
    WellKnown{853, "domain-s", "domain-s"},
    WellKnown{860, "iscsi", "iscsi"},
    WellKnown{873, "rsync", "rsync"},
    WellKnown{989, "ftps-data", "ftps-data"},
    WellKnown{990, "ftps", "ftps"},
    WellKnown{992, "telnets", "telnets"},
    WellKnown{993, "imaps", ""},
    WellKnown{995, "pop3s", ""},
};
static_assert(std::ranges::is_sorted(well_known, {}, &WellKnown::port));

} // namespace

std::string_view well_known_name(Transport transport, std::uint16_t port)
{
    const auto* place = std::ranges::lower_bound(well_known, port, {}, &WellKnown::port);
    if (place == well_known.end() || place->port != port) return "";
    return transport == Transport::udp ? place->udp : place->tcp;
}

} // namespace portico::net
