// The least a server can do: one thread, epoll, one recv and one send for what has arrived. Knows
// of HTTP only that a request ends in an empty line, and answers each with the same 1 KiB. For
// tests/bench/http.
#include <arpa/inet.h>
#include <cstdlib>
#include <netinet/tcp.h>
#include <string>
#include <string_view>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

const std::string content(1024, 'x');
const std::string fields = "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nServer: bare\r\n"
                           "Content-Type: application/octet-stream\r\nContent-Length: 1024\r\n";
const std::string answer = "HTTP/1.1 200 OK\r\n" + fields + "\r\n" + content;
const std::string last_answer =
    "HTTP/1.1 200 OK\r\n" + fields + "Connection: close\r\n\r\n" + content;

int listen_on(int port)
{
    const int on = 1;
    const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    ::setsockopt(listener, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (::bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(listener, SOMAXCONN) != 0)
        std::exit(1);
    return listener;
}

void serve(int client)
{
    static char buffer[16 << 10];
    static std::string out;
    const auto got = ::recv(client, buffer, sizeof buffer, 0);
    if (got <= 0) {
        ::close(client);
        return;
    }
    const std::string_view requests{buffer, static_cast<std::size_t>(got)};
    const bool last = requests.find("Connection: close") != requests.npos;
    out.clear();
    for (auto end = requests.find("\r\n\r\n"); end != requests.npos;
         end = requests.find("\r\n\r\n", end + 4))
        out += last ? last_answer : answer;
    ::send(client, out.data(), out.size(), MSG_NOSIGNAL); // wrk takes all of it
    if (last) ::close(client);
}

} // namespace

int main(int, char** arguments)
{
    const int listener = listen_on(std::atoi(arguments[1]));
    const int epoll = ::epoll_create1(0);
    epoll_event event{EPOLLIN, {.fd = listener}};
    ::epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
    epoll_event ready[128];
    for (;;) {
        const int count = ::epoll_wait(epoll, ready, 128, -1);
        for (int i = 0; i < count; ++i) {
            if (ready[i].data.fd != listener) {
                serve(ready[i].data.fd);
                continue;
            }
            const int client = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK);
            if (client < 0) continue;
            event = {EPOLLIN, {.fd = client}};
            ::epoll_ctl(epoll, EPOLL_CTL_ADD, client, &event);
        }
    }
}
