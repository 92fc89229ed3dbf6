#pragma once

// What nearly every file that does I/O includes; Asio alone is most of a file's compile time.
#include <asio.hpp>
#include <fmt/core.h>

#include <chrono>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>
