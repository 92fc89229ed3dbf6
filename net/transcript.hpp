#pragma once

#include <cstdint>
#include <string_view>

namespace portico::net {

/// Shows conversations as they happen (`--trace`). Safe from every thread.
/// A protocol hands over lines without their line ends, with secrets masked and bodies shortened
/// to one line such as "(4096 octets)".
class Transcript {
public:
    virtual ~Transcript() = default;

    virtual void client(std::uint64_t connection, std::string_view line) = 0; // "#12 C: ..."
    virtual void server(std::uint64_t connection, std::string_view line) = 0; // "#12 S: ..."
};

/// A conversation's own end of the transcript; says nothing where there is none.
class Trace {
public:
    Trace() = default;
    Trace(Transcript* transcript, std::uint64_t connection)
        : transcript_{transcript}, connection_{connection}
    {
    }

    bool on() const { return transcript_ != nullptr; }
    void client(std::string_view line) const
    {
        if (transcript_) transcript_->client(connection_, line);
    }
    void server(std::string_view line) const
    {
        if (transcript_) transcript_->server(connection_, line);
    }

private:
    Transcript* transcript_ = nullptr;
    std::uint64_t connection_ = 0;
};

} // namespace portico::net
