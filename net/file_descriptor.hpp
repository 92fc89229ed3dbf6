#pragma once

#include <utility>

namespace portico::net {

/// Owns a file descriptor.
class FileDescriptor {
public:
    FileDescriptor() = default;
    explicit FileDescriptor(int number) : number_{number} {}
    ~FileDescriptor() { reset(); }
    FileDescriptor(FileDescriptor&& other) noexcept : number_{std::exchange(other.number_, -1)} {}
    FileDescriptor& operator=(FileDescriptor&& other) noexcept
    {
        if (this != &other) reset(std::exchange(other.number_, -1));
        return *this;
    }

    int get() const { return number_; }
    int release() { return std::exchange(number_, -1); }
    void reset(int number = -1);
    explicit operator bool() const { return number_ >= 0; }

private:
    int number_ = -1;
};

} // namespace portico::net
