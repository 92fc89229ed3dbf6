#include "services/log/transcript.hpp"

#include "services/log/escape.hpp"

#include <fmt/format.h>

#include <mutex>
#include <string>

namespace portico::log {

namespace {

constexpr std::size_t most_octets = 200;

class FileTranscript final : public net::Transcript {
public:
    explicit FileTranscript(std::FILE* file) : file_{file} {}

    void client(std::uint64_t connection, std::string_view line) override
    {
        put(connection, 'C', line);
    }
    void server(std::uint64_t connection, std::string_view line) override
    {
        put(connection, 'S', line);
    }

private:
    void put(std::uint64_t connection, char side, std::string_view line)
    {
        auto text = fmt::format("#{} {}: {}", connection, side,
                                printable_ascii(line.substr(0, most_octets)));
        if (line.size() > most_octets) text += fmt::format("... ({} octets)", line.size());
        text += '\n';
        const std::lock_guard lock{mutex_};
        std::fwrite(text.data(), 1, text.size(), file_);
        std::fflush(file_);
    }

    std::mutex mutex_;
    std::FILE* file_;
};

} // namespace

std::unique_ptr<net::Transcript> make_transcript(std::FILE* file)
{
    return std::make_unique<FileTranscript>(file);
}

} // namespace portico::log
