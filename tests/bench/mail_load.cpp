// Clients of a mail server, all in one thread on one epoll: what tests/bench/mail loads servers
// with. Built by it. Loopback only.
//
//   mail_load smtp PORT [OPTION=VALUE ...]    senders: sessions of so many messages, over and over
//   mail_load pop3 PORT [OPTION=VALUE ...]    readers
//
//   connections=16   sessions at once; each is followed by another until the time is up
//   seconds=4        then what is on its way is cut off
//   once=1           one session of each connection, and no more
//   messages=50      smtp: of each session
//   size=1024        smtp: octets of a message
//   pipelined=1      smtp: MAIL, RCPT and DATA in one write (RFC 2920); pop3: RETR, 64 ahead
//   work=retr        pop3: every message of the maildrop; `login`: STAT and QUIT at once
//   boxes=16         recipients or logins bench0@example.test and so on, by connection
//   first=0          the number of the first of them
//
// Prints one line of JSON: what was done, in how long, how long replies took (smtp: to the end of
// the mail data; pop3: to RETR one by one, or the whole session of a login), errors, own CPU.

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string>
#include <string_view>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

struct Options {
    bool smtp = true;
    std::uint16_t port = 0;
    std::size_t connections = 16;
    double seconds = 4;
    bool once = false;
    std::size_t messages = 50;
    std::size_t size = 1024;
    bool pipelined = false;
    bool login = false;
    std::size_t boxes = 16;
    std::size_t first = 0;
};

struct Results {
    std::uint64_t messages = 0;
    std::uint64_t sessions = 0;
    std::uint64_t octets = 0; // of messages
    std::uint64_t errors = 0;
    std::string first_error;
    std::vector<std::uint32_t> microseconds;

    void error(std::string_view what)
    {
        if (errors++ == 0) first_error = what.substr(0, 200);
    }
    void took(Clock::time_point since)
    {
        const auto spent = Clock::now() - since;
        microseconds.push_back(static_cast<std::uint32_t>(
            std::chrono::duration_cast<std::chrono::microseconds>(spent).count()));
    }
};

[[noreturn]] void give_up(const char* what)
{
    std::perror(what);
    std::exit(1);
}

/// A message of `size` octets with CR LF, then the dot that ends it. No line begins with one.
std::string mail_data(std::size_t size)
{
    std::string text = "From: bench@example.net\r\nTo: bench@example.test\r\n"
                       "Subject: a message to measure with\r\nMessage-ID: <1@example.net>\r\n"
                       "Date: Sun, 22 Nov 2026 22:32:54 +0000\r\n\r\n";
    constexpr std::string_view letters =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::uint64_t state = 1;
    while (text.size() + 2 < size) {
        const auto line = std::min<std::size_t>(76, size - 2 - text.size());
        for (std::size_t i = 0; i < line; ++i) {
            state = state * 6364136223846793005 + 1442695040888963407;
            text += letters[state >> 58];
        }
        text += "\r\n";
    }
    return text + ".\r\n";
}

/// One client: a socket and what it has to say and to hear.
class Client {
public:
    Client(const Options& options, Results& results, std::size_t number, int poll)
        : options_{options}, results_{results}, number_{number}, poll_{poll}
    {
    }
    virtual ~Client() { leave(); }

    void connect()
    {
        leave();
        socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (socket_ < 0) give_up("socket");
        const int on = 1;
        ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(options_.port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 &&
            errno != EINPROGRESS)
            give_up("connect");
        input_.clear();
        output_ = {};
        watch(EPOLL_CTL_ADD, EPOLLIN);
        begin();
    }

    void event(std::uint32_t events)
    {
        if ((events & EPOLLOUT) != 0) flush();
        if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) receive();
    }

    bool ended() const { return socket_ < 0; }

protected:
    virtual void begin() = 0;
    /// Takes whole replies off `input`; answers how many octets that were.
    virtual std::size_t heard(std::string_view input) = 0;

    /// `bytes` outlive the sending, or are text_.
    void send(std::string_view bytes)
    {
        output_ = bytes;
        flush();
    }
    void say(std::string text)
    {
        text_ = std::move(text);
        send(text_);
    }
    bool all_said() const { return output_.empty(); }

    /// The session went well: the next.
    void next()
    {
        ++results_.sessions;
        if (options_.once)
            leave();
        else
            connect();
    }
    void failed(std::string_view what)
    {
        results_.error(what);
        leave();
    }
    std::string box() const
    {
        return "bench" + std::to_string(options_.first + number_ % options_.boxes) +
               "@example.test";
    }

    const Options& options_;
    Results& results_;

private:
    void leave()
    {
        ++session_;
        if (socket_ >= 0) ::close(socket_);
        socket_ = -1;
    }

    void watch(int how, std::uint32_t events)
    {
        epoll_event event{};
        event.events = events;
        event.data.ptr = this;
        ::epoll_ctl(poll_, how, socket_, &event);
        watches_writing_ = (events & EPOLLOUT) != 0;
    }

    void flush()
    {
        while (!output_.empty()) {
            const auto sent = ::send(socket_, output_.data(), output_.size(), MSG_NOSIGNAL);
            if (sent < 0 && errno == EAGAIN) {
                if (!watches_writing_) watch(EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
                return;
            }
            if (sent < 0) return failed("the server has closed while it was sent something");
            output_.remove_prefix(static_cast<std::size_t>(sent));
        }
        if (watches_writing_) watch(EPOLL_CTL_MOD, EPOLLIN);
    }

    void receive()
    {
        static char buffer[256 << 10];
        const auto got = ::recv(socket_, buffer, sizeof buffer, 0);
        if (got < 0 && errno == EAGAIN) return;
        if (got <= 0) return failed("the server has closed");
        std::string_view bytes{buffer, static_cast<std::size_t>(got)};
        if (!input_.empty()) bytes = input_.append(bytes);
        const auto session = session_;
        const auto taken = heard(bytes);
        if (session_ != session) return;
        std::string rest{bytes.substr(taken)};
        input_ = std::move(rest);
    }

    std::size_t number_;
    int poll_;
    int socket_ = -1;
    std::uint64_t session_ = 0;
    bool watches_writing_ = false;
    std::string input_; // the beginning of a reply
    std::string text_;
    std::string_view output_;
};

class Sender final : public Client {
public:
    Sender(const Options& options, Results& results, std::size_t number, int poll,
           std::string_view mail)
        : Client{options, results, number, poll}, mail_{mail}
    {
    }

private:
    enum class Waits { greeting, ehlo, mail, rcpt, data, end, quit };

    void begin() override
    {
        waits_ = Waits::greeting;
        left_ = options_.messages;
    }

    std::size_t heard(std::string_view input) override
    {
        std::size_t taken = 0;
        while (!ended()) {
            const auto end = input.find('\n', taken);
            if (end == input.npos) break;
            const auto line = input.substr(taken, end - taken);
            taken = end + 1;
            if (line.size() < 4 || line[3] == '-') continue; // of several
            if (!reply(line)) break;
        }
        return taken;
    }

    /// False: it is over.
    bool reply(std::string_view line)
    {
        const char expected = waits_ == Waits::data ? '3' : '2';
        if (line.front() != expected) {
            failed(line);
            return false;
        }
        switch (waits_) {
        case Waits::greeting:
            waits_ = Waits::ehlo;
            say("EHLO bench.example.net\r\n");
            break;
        case Waits::ehlo: start(); break;
        case Waits::mail:
            waits_ = Waits::rcpt;
            if (!options_.pipelined) say("RCPT TO:<" + box() + ">\r\n");
            break;
        case Waits::rcpt:
            waits_ = Waits::data;
            if (!options_.pipelined) say("DATA\r\n");
            break;
        case Waits::data:
            waits_ = Waits::end;
            since_ = Clock::now();
            send(mail_);
            break;
        case Waits::end:
            results_.took(since_);
            ++results_.messages;
            results_.octets += options_.size;
            if (--left_ > 0) {
                start();
            } else {
                waits_ = Waits::quit;
                say("QUIT\r\n");
            }
            break;
        case Waits::quit: next(); return false;
        }
        return true;
    }

    void start()
    {
        waits_ = Waits::mail;
        std::string text = "MAIL FROM:<bench@example.net>\r\n";
        if (options_.pipelined) text += "RCPT TO:<" + box() + ">\r\nDATA\r\n";
        say(std::move(text));
    }

    std::string_view mail_;
    Waits waits_ = Waits::greeting;
    std::size_t left_ = 0;
    Clock::time_point since_;
};

class Reader final : public Client {
public:
    using Client::Client;

private:
    enum class Waits { greeting, user, pass, stat, retr, quit };
    static constexpr std::size_t ahead = 64; // RETR without waiting for the answer

    void begin() override
    {
        waits_ = Waits::greeting;
        began_ = Clock::now();
    }

    std::size_t heard(std::string_view input) override
    {
        std::size_t taken = 0;
        while (!ended()) {
            auto rest = input.substr(taken);
            std::size_t end = 0;
            if (waits_ == Waits::retr && rest.starts_with("+OK")) {
                constexpr std::string_view last = "\r\n.\r\n";
                const auto from = std::max(searched_, std::size_t{3});
                const auto* found =
                    from < rest.size()
                        ? ::memmem(rest.data() + from, rest.size() - from, last.data(), last.size())
                        : nullptr;
                if (!found) {
                    searched_ = rest.size() > 8 ? rest.size() - 8 : 0;
                    break;
                }
                end = static_cast<std::size_t>(static_cast<const char*>(found) - rest.data()) +
                      last.size();
                results_.octets += end;
                searched_ = 0;
            } else {
                const auto lf = rest.find('\n');
                if (lf == rest.npos) break;
                end = lf + 1;
            }
            taken += end;
            if (!reply(rest.substr(0, end))) break;
        }
        return taken;
    }

    bool reply(std::string_view answer)
    {
        if (!answer.starts_with("+OK")) {
            failed(answer);
            return false;
        }
        switch (waits_) {
        case Waits::greeting:
            waits_ = Waits::user;
            say("USER " + box() + "\r\n");
            break;
        case Waits::user:
            waits_ = Waits::pass;
            say("PASS secret\r\n");
            break;
        case Waits::pass:
            waits_ = Waits::stat;
            say("STAT\r\n");
            break;
        case Waits::stat:
            count_ = std::strtoull(answer.data() + 4, nullptr, 10);
            asked_ = answered_ = 0;
            if (options_.login || count_ == 0)
                quit();
            else
                ask();
            break;
        case Waits::retr:
            ++answered_;
            ++results_.messages;
            if (!options_.pipelined) results_.took(since_);
            if (answered_ == count_)
                quit();
            else if (asked_ - answered_ <= (options_.pipelined ? ahead / 2 : 0))
                ask();
            break;
        case Waits::quit:
            if (options_.login) results_.took(began_);
            next();
            return false;
        }
        return true;
    }

    void ask()
    {
        if (!all_said()) return; // it takes nothing: then it has enough
        waits_ = Waits::retr;
        since_ = Clock::now();
        std::string text;
        const auto most = answered_ + (options_.pipelined ? ahead : 1);
        while (asked_ < std::min(most, count_)) text += "RETR " + std::to_string(++asked_) + "\r\n";
        if (!text.empty()) say(std::move(text));
    }

    void quit()
    {
        waits_ = Waits::quit;
        say("QUIT\r\n");
    }

    Waits waits_ = Waits::greeting;
    std::size_t count_ = 0;
    std::size_t asked_ = 0;
    std::size_t answered_ = 0;
    std::size_t searched_ = 0; // of the answer that is not whole
    Clock::time_point since_;
    Clock::time_point began_;
};

Options read(int count, char** arguments)
{
    if (count < 3) {
        std::fputs("mail_load smtp|pop3 PORT [OPTION=VALUE ...]\n", stderr);
        std::exit(2);
    }
    Options options;
    options.smtp = std::string_view{arguments[1]} == "smtp";
    options.port = static_cast<std::uint16_t>(std::atoi(arguments[2]));
    for (int i = 3; i < count; ++i) {
        const std::string_view argument{arguments[i]};
        const auto name = argument.substr(0, argument.find('='));
        const std::string value{argument.substr(std::min(argument.size(), name.size() + 1))};
        const auto number = std::strtoull(value.c_str(), nullptr, 10);
        if (name == "connections")
            options.connections = number;
        else if (name == "seconds")
            options.seconds = std::strtod(value.c_str(), nullptr);
        else if (name == "once")
            options.once = number != 0;
        else if (name == "messages")
            options.messages = number;
        else if (name == "size")
            options.size = number;
        else if (name == "pipelined")
            options.pipelined = number != 0;
        else if (name == "work")
            options.login = value == "login";
        else if (name == "first")
            options.first = number;
        else if (name == "boxes")
            options.boxes = number;
        else {
            std::fprintf(stderr, "no such option: %s\n", arguments[i]);
            std::exit(2);
        }
    }
    return options;
}

std::uint32_t percentile(const std::vector<std::uint32_t>& sorted, double part)
{
    if (sorted.empty()) return 0;
    const auto at = static_cast<std::size_t>(part * static_cast<double>(sorted.size()));
    return sorted[std::min(at, sorted.size() - 1)];
}

void print(Results& results, double seconds)
{
    std::ranges::sort(results.microseconds);
    rusage used{};
    ::getrusage(RUSAGE_SELF, &used);
    const auto cpu = static_cast<double>(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
                     static_cast<double>(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
    std::erase_if(results.first_error, [](char c) { return c < ' ' || c == '"' || c == '\\'; });
    std::printf("{\"messages\":%llu,\"sessions\":%llu,\"octets\":%llu,\"seconds\":%.6f,"
                "\"p50\":%u,\"p90\":%u,\"p99\":%u,\"max\":%u,\"cpu\":%.6f,\"errors\":%llu,"
                "\"first_error\":\"%s\"}\n",
                static_cast<unsigned long long>(results.messages),
                static_cast<unsigned long long>(results.sessions),
                static_cast<unsigned long long>(results.octets), seconds,
                percentile(results.microseconds, 0.5), percentile(results.microseconds, 0.9),
                percentile(results.microseconds, 0.99), percentile(results.microseconds, 1), cpu,
                static_cast<unsigned long long>(results.errors), results.first_error.c_str());
}

} // namespace

int main(int count, char** arguments)
{
    const auto options = read(count, arguments);
    Results results;
    const auto mail = options.smtp ? mail_data(options.size) : std::string{};
    const int poll = ::epoll_create1(EPOLL_CLOEXEC);
    if (poll < 0) give_up("epoll_create1");

    std::vector<std::unique_ptr<Client>> clients;
    const auto began = Clock::now();
    for (std::size_t i = 0; i < options.connections; ++i) {
        if (options.smtp)
            clients.push_back(std::make_unique<Sender>(options, results, i, poll, mail));
        else
            clients.push_back(std::make_unique<Reader>(options, results, i, poll));
        clients.back()->connect();
    }
    const auto end = began + std::chrono::duration_cast<Clock::duration>(
                                 std::chrono::duration<double>(options.seconds));
    const auto none_left = [&clients] {
        return std::ranges::all_of(clients, [](const auto& client) { return client->ended(); });
    };
    epoll_event events[256];
    for (auto now = began; now < end; now = Clock::now()) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - now).count();
        const int wait = static_cast<int>(left) + 1;
        const int ready = ::epoll_wait(poll, events, 256, wait);
        for (int i = 0; i < ready; ++i)
            static_cast<Client*>(events[i].data.ptr)->event(events[i].events);
        if (none_left()) break;
    }
    print(results, std::chrono::duration<double>(Clock::now() - began).count());
    return 0;
}
