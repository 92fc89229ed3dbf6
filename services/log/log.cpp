#include "services/log/log.hpp"

#include "services/log/escape.hpp"

#include <fmt/format.h>
#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <string_view>
#include <utility>

namespace portico::log {

namespace {

spdlog::level::level_enum level_of(net::Level level)
{
    switch (level) {
    case net::Level::debug: return spdlog::level::debug;
    case net::Level::info: return spdlog::level::info;
    case net::Level::warn: return spdlog::level::warn;
    case net::Level::error: return spdlog::level::err;
    }
    return spdlog::level::err;
}

spdlog::level::level_enum level_of(config::Log::Level level)
{
    switch (level) {
    case config::Log::Level::debug: return spdlog::level::debug;
    case config::Log::Level::info: return spdlog::level::info;
    case config::Log::Level::warn: return spdlog::level::warn;
    case config::Log::Level::error: return spdlog::level::err;
    }
    return spdlog::level::info;
}

std::string_view name_of(net::Level level)
{
    switch (level) {
    case net::Level::debug: return "debug";
    case net::Level::info: return "info";
    case net::Level::warn: return "warn";
    case net::Level::error: return "error";
    }
    return "error";
}

/// What comes after the time, which the sink's pattern writes.
struct TextLine {
    static constexpr auto pattern = "%Y-%m-%dT%H:%M:%S.%eZ %v";

    static std::string make(net::Level level, std::string_view event)
    {
        return fmt::format("{:<5} {}", name_of(level), printable(event));
    }
    static std::string make(net::Level level, const net::Origin& origin, std::string_view event)
    {
        return fmt::format("{:<5} {} #{} {}  {}", name_of(level), origin.service, origin.connection,
                           to_string(origin.tuple), printable(event));
    }
};

struct JsonLine {
    static constexpr auto pattern = R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ",%v})";

    static std::string make(net::Level level, std::string_view event)
    {
        return fmt::format(R"("level":"{}","message":{})", name_of(level), json_string(event));
    }
    static std::string make(net::Level level, const net::Origin& origin, std::string_view event)
    {
        return fmt::format(
            R"({},"connection":{},"service":{},"transport":"{}","client":{},"server":{})",
            make(level, event), origin.connection, json_string(origin.service),
            to_string(origin.tuple.server.transport), json_string(to_string(origin.tuple.client)),
            json_string(to_string(origin.tuple.server)));
    }
};

template <typename Line>
class SpdLog final : public net::Log {
public:
    SpdLog(const spdlog::sink_ptr& sink, spdlog::level::level_enum least) : logger_{"portico", sink}
    {
        sink->set_formatter(std::make_unique<spdlog::pattern_formatter>(
            Line::pattern, spdlog::pattern_time_type::utc));
        logger_.set_level(least);
        logger_.flush_on(spdlog::level::trace); // who reads along sees every line at once
    }

    bool enabled(net::Level level) const override { return logger_.should_log(level_of(level)); }

    void write(net::Level level, std::string_view event) override
    {
        if (enabled(level)) put(level, Line::make(level, event));
    }

    void write(net::Level level, const net::Origin& origin, std::string_view event) override
    {
        if (enabled(level)) put(level, Line::make(level, origin, event));
    }

private:
    void put(net::Level level, const std::string& line)
    {
        logger_.log(level_of(level), spdlog::string_view_t{line.data(), line.size()});
    }

    spdlog::logger logger_;
};

spdlog::sink_ptr sink_for(const config::Log& config)
{
    if (config.file.empty()) return std::make_shared<spdlog::sinks::stderr_sink_mt>();
    return std::make_shared<spdlog::sinks::basic_file_sink_mt>(config.file.string());
}

} // namespace

std::expected<std::unique_ptr<net::Log>, std::string> open_log(const config::Log& config)
try {
    const auto sink = sink_for(config);
    if (config.format == config::Log::Format::json)
        return std::make_unique<SpdLog<JsonLine>>(sink, level_of(config.level));
    return std::make_unique<SpdLog<TextLine>>(sink, level_of(config.level));
} catch (const spdlog::spdlog_ex& error) {
    return std::unexpected{std::string{error.what()}};
}

} // namespace portico::log
