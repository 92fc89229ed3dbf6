#include "services/http/page.hpp"
#include "services/http/welcome.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace portico::http {

namespace {

PortRow row(std::string address, std::uint16_t port, std::string service)
{
    return {.transport = "tcp",
            .address = std::move(address),
            .port = port,
            .well_known = "",
            .service = std::move(service),
            .state = "bound",
            .why = "",
            .open = 3,
            .accepted = 1234};
}

std::string welcome_page(std::string_view host_name, std::string_view authority,
                         const std::vector<PortRow>& ports, bool test_authority = false)
{
    return http::welcome_page({.host_name = host_name,
                               .authority = authority,
                               .ports = ports,
                               .test_authority = test_authority});
}

bool holds(const std::string& page, const std::string& text)
{
    return page.find(text) != std::string::npos;
}

} // namespace

TEST(HttpWelcome, ListsPorts)
{
    auto failed = row("::1", 25, "smtp");
    failed.state = "failed";
    failed.why = "port 25 is taken by process 7 (other)";
    failed.well_known = "smtp";
    auto page = welcome_page("mx.example.test", "", {row("127.0.0.1", 8080, "http"), failed});
    EXPECT_TRUE(page.starts_with("<!doctype html>"));
    EXPECT_TRUE(page.ends_with("</html>\n"));
    EXPECT_TRUE(holds(page, "<h1>mx.example.test</h1>"));
    EXPECT_TRUE(holds(page, "<code>127.0.0.1:8080</code>"));
    EXPECT_TRUE(holds(page, "<code>[::1]:25</code>"));
    EXPECT_TRUE(holds(page, "<td class=\"n\">3</td><td class=\"n least\">1234</td>"));
    EXPECT_TRUE(holds(page, "<td class=\"failed\">failed</td>"));
    EXPECT_TRUE(holds(page, "port 25 is taken by process 7 (other)"));
    EXPECT_FALSE(holds(page, "{{")) << "a brace meant for fmt";
    EXPECT_FALSE(holds(page, "<script"));
    EXPECT_LT(page.size(), 8192U);
}

TEST(HttpWelcome, NamesCommandsForTheBoundPortsOnly)
{
    auto failed = row("127.0.0.1", 25, "smtp");
    failed.state = "failed";
    auto page = welcome_page("h", "", {failed, row("127.0.0.1", 2525, "smtp")});
    EXPECT_TRUE(holds(page, "curl smtp://127.0.0.1:2525 "));
    EXPECT_FALSE(holds(page, "curl pop3://"));
    EXPECT_FALSE(holds(page, "curl -i http://"));

    page = welcome_page("h", "box.example:8080",
                        {row("0.0.0.0", 110, "pop3"), row("::1", 80, "http")});
    EXPECT_TRUE(holds(page, "curl pop3://box.example:110/1 "));
    EXPECT_TRUE(holds(page, "curl -i http://[::1]:80/"));
    EXPECT_FALSE(holds(welcome_page("h", "", {}), "Try it"));
}

TEST(HttpWelcome, OverTlsTheCommandsSaySo)
{
    auto https = row("127.0.0.1", 8443, "http");
    auto smtps = row("127.0.0.1", 465, "smtp");
    https.tls = smtps.tls = "implicit";
    auto page = welcome_page("h", "", {https, smtps});
    EXPECT_TRUE(holds(page, "curl -i https://127.0.0.1:8443/"));
    EXPECT_TRUE(holds(page, "curl smtps://127.0.0.1:465 "));
    EXPECT_TRUE(holds(page, "<td>implicit</td>"));
    EXPECT_FALSE(holds(page, "ca.pem"));
    page = welcome_page("h", "", {https, row("127.0.0.1", 80, "http")});
    EXPECT_TRUE(holds(page, "curl -i http://127.0.0.1:80/")) << "the easier one";
}

TEST(HttpWelcome, OffersTheTestAuthority)
{
    auto https = row("127.0.0.1", 8443, "http");
    https.tls = "implicit";
    auto smtp = row("127.0.0.1", 25, "smtp");
    smtp.tls = "starttls";
    auto page = welcome_page("h", "", {https, smtp}, true);
    EXPECT_TRUE(holds(page, "<a href=\"/ca.pem\">"));
    EXPECT_TRUE(holds(page, "portico ca &gt; ca.pem &amp;&amp; curl --cacert ca.pem "
                            "https://127.0.0.1:8443/</pre>"));
    EXPECT_TRUE(holds(page, "curl --cacert ca.pem -i https://127.0.0.1:8443/"));
    page = welcome_page("h", "", {row("127.0.0.1", 80, "http"), smtp}, true);
    EXPECT_TRUE(holds(page, "curl -so ca.pem http://127.0.0.1:80/ca.pem &amp;&amp; "
                            "curl --cacert ca.pem --ssl-reqd smtp://127.0.0.1:25/</pre>"));
}

TEST(HttpWelcome, EscapesWhatItShows)
{
    EXPECT_EQ(escape_html("<a href=\"x\" title='y'>&amp;"),
              "&lt;a href=&quot;x&quot; title=&#39;y&#39;&gt;&amp;amp;");
    std::string evil = "<script>\"'&";
    auto bad = row(evil, 80, evil);
    bad.transport = bad.well_known = bad.why = bad.state = evil;
    auto page = welcome_page(evil, evil, {bad});
    EXPECT_FALSE(holds(page, "<script"));
    EXPECT_FALSE(holds(page, "\"'&"));
}

TEST(HttpWelcome, PutsNoStrangeHostIntoCommands)
{
    auto ports = std::vector{row("0.0.0.0", 80, "http")};
    for (std::string authority : {"a;reboot", "$(reboot)", "a&b", "a'b", "a%20b"}) {
        auto page = welcome_page("h", authority, ports);
        EXPECT_TRUE(holds(page, "curl -i http://h:80/")) << authority;
        EXPECT_FALSE(holds(page, escape_html(authority))) << authority;
    }
    EXPECT_TRUE(holds(welcome_page("h", "[::1]", ports), "curl -i http://[::1]:80/"));
    EXPECT_TRUE(holds(welcome_page("h", "[::1]:90", ports), "curl -i http://[::1]:80/"));
}

} // namespace portico::http
