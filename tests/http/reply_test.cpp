#include "services/http/reply.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

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
        std::string head;
        append_head(head, {.last_modified = time}, Length::known, Persistence::persistent,
                    {.time = now, .date = "now"});
        auto at = head.find("Last-Modified: ") + 15;
        return head.substr(at, 29);
    };
    EXPECT_EQ(modified(now - seconds{1}), "Sun, 06 Nov 1994 08:49:36 GMT");
    EXPECT_EQ(modified(now + seconds{1}), "Sun, 06 Nov 1994 08:49:37 GMT");
    EXPECT_EQ(modified(sys_seconds{seconds{-1}}), "Thu, 01 Jan 1970 00:00:00 GMT");
}

TEST(HttpReply, KnowsReasonPhrases) // IANA's registry
{
    EXPECT_EQ(reason_phrase(Status::ok), "OK");
    for (const auto& [status, phrase] :
         std::vector<std::pair<int, std::string_view>>{{100, "Continue"},
                                                       {101, "Switching Protocols"},
                                                       {201, "Created"},
                                                       {226, "IM Used"},
                                                       {307, "Temporary Redirect"},
                                                       {413, "Content Too Large"},
                                                       {418, ""},
                                                       {425, "Too Early"},
                                                       {511, "Network Authentication Required"},
                                                       {599, ""},
                                                       {0, ""}})
        EXPECT_EQ(reason_phrase(static_cast<Status>(status)), phrase) << status;
}

TEST(HttpReply, WritesChunks)
{
    std::string output = "x";
    append_chunk(output, std::string(26, 'a'));
    EXPECT_EQ(output, "x1a\r\n" + std::string(26, 'a') + "\r\n");
}

TEST(HttpReply, TellsTheClientItsMistake)
{
    EXPECT_EQ(
        to_message(Status::service_unavailable, "Retry-After: 1\r\n", {.time = {}, .date = "now"}),
        "HTTP/1.1 503 Service Unavailable\r\nDate: now\r\n"
        "Server: portico\r\nContent-Type: text/plain; charset=utf-8\r\n"
        "Content-Length: 24\r\nRetry-After: 1\r\nConnection: close\r\n\r\n"
        "503 Service Unavailable\n");
}

} // namespace portico::http
