#include "services/http/reply.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace portico::http {

using std::chrono::seconds;
using std::chrono::sys_seconds;

TEST(HttpReply, WritesDates) // RFC 9110 section 5.6.7
{
    EXPECT_EQ(imf_fixdate(sys_seconds{seconds{0}}), "Thu, 01 Jan 1970 00:00:00 GMT");
    EXPECT_EQ(imf_fixdate(sys_seconds{seconds{784111777}}), "Sun, 06 Nov 1994 08:49:37 GMT");
    EXPECT_EQ(imf_fixdate(sys_seconds{seconds{1709251199}}), "Thu, 29 Feb 2024 23:59:59 GMT");
    EXPECT_EQ(imf_fixdate(sys_seconds{seconds{4102444800}}), "Fri, 01 Jan 2100 00:00:00 GMT");
}

TEST(HttpReply, IsNeverModifiedInTheFuture) // RFC 9110 section 8.8.2.1
{
    sys_seconds now{seconds{784111777}};
    auto modified = [&](sys_seconds time) {
        auto head =
            to_head({.content_type = "", .last_modified = time}, Persistence::persistent, now);
        auto at = head.find("Last-Modified: ") + 15;
        return head.substr(at, 29);
    };
    EXPECT_EQ(modified(now - seconds{1}), "Sun, 06 Nov 1994 08:49:36 GMT");
    EXPECT_EQ(modified(now + seconds{1}), "Sun, 06 Nov 1994 08:49:37 GMT");
    EXPECT_EQ(modified(sys_seconds{seconds{-1}}), "Thu, 01 Jan 1970 00:00:00 GMT");
}

TEST(HttpReply, TellsTheClientItsMistake)
{
    sys_seconds now{seconds{784111777}};
    EXPECT_EQ(
        to_message(Status::service_unavailable, Persistence::close, now, "Retry-After: 1\r\n"),
        "HTTP/1.1 503 Service Unavailable\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
        "Server: portico\r\nContent-Type: text/plain; charset=utf-8\r\n"
        "Content-Length: 24\r\nRetry-After: 1\r\nConnection: close\r\n\r\n"
        "503 Service Unavailable\n");
}

} // namespace portico::http
