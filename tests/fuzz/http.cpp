// Any bytes in any cuts: no crash, bounded memory, and what comes out is whole answers.

#include "services/http/protocol.hpp"
#include "services/http/welcome.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace portico;

void require(bool holds)
{
    if (!holds) std::abort();
}

/// Checks answers as they come: a head, then as many octets as it said or, for HEAD, none.
void check_head(std::string_view bytes)
{
    require(bytes.starts_with("HTTP/1.1 "));
    auto end = bytes.find("\r\n\r\n");
    require(end != bytes.npos);
    auto head = bytes.substr(0, end);
    for (std::size_t i = 0; i < head.size(); ++i) {
        if (head[i] == '\r')
            require(i + 1 < head.size() && head[i + 1] == '\n');
        else if (head[i] == '\n')
            require(i > 0 && head[i - 1] == '\r');
        else
            require(head[i] >= 0x20 && head[i] < 0x7f);
    }
}

void check_name(const std::string& file)
{
    require(!file.empty() && file.front() != '/');
    require(("/" + file + "/").find("/../") == std::string::npos);
    require(file.find('\0') == std::string::npos);
}

/// Says everything to a protocol; the answers, and whether it closed at the end.
std::string talk(const std::vector<std::string_view>& pieces, const config::Http& options)
{
    http::Protocol protocol{options, "PEM\n", {}};
    std::string output;
    std::size_t size = 0; // of the file that is open
    for (auto piece : pieces) {
        std::vector<char> copy(piece.begin(), piece.end()); // gone before the next
        protocol.feed({copy.data(), copy.size()});
        for (bool reading = false; !reading;) {
            auto step = protocol.next(std::chrono::sys_seconds{std::chrono::seconds{784111777}});
            if (auto* write = std::get_if<http::Write>(&step)) {
                if (!write->bytes.starts_with("\r\n--portico-")) check_head(write->bytes);
                output += write->bytes;
            } else if (auto* open = std::get_if<http::Open>(&step)) {
                check_name(open->file);
                size = open->file.size();
                if (size % 3 == 0)
                    protocol.opened(std::unexpected{http::FileError::is_folder});
                else if (size % 3 == 1)
                    protocol.opened(std::unexpected{http::FileError::not_found});
                else
                    protocol.opened(http::File{.size = size, .modified = {}});
            } else if (auto* send = std::get_if<http::Send>(&step)) {
                require(send->length > 0 && send->offset + send->length <= size);
                output.append(send->length, '.');
            } else if (auto* welcome = std::get_if<http::Welcome>(&step)) {
                protocol.welcome(http::welcome_page({.host_name = "host",
                                                     .authority = welcome->authority,
                                                     .ports = {},
                                                     .test_authority = true}));
            } else if (std::get_if<http::Close>(&step)) {
                return output + "close";
            } else {
                reading = true;
            }
        }
    }
    return output;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    if (size < 2) return 0;
    config::Http options;
    options.max_request_line = 200;
    options.max_header_bytes = 400;
    options.max_headers = 10;
    options.max_body = 300;
    options.max_requests = 20;
    if (data[0] & 1) options.root = "/imagined";
    std::uint32_t seed = data[1];
    std::string_view bytes{reinterpret_cast<const char*>(data) + 2, size - 2};

    std::vector<std::string_view> cuts;
    for (auto rest = bytes; !rest.empty();) {
        seed = seed * 1664525 + 1013904223;
        auto length = std::min<std::size_t>(rest.size(), 1 + (seed >> 24) % 40);
        cuts.push_back(rest.substr(0, length));
        rest.remove_prefix(length);
    }
    // What a request means does not depend on where the network cut it.
    require(talk({bytes}, options) == talk(cuts, options));
    return 0;
}
