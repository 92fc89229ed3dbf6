#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

namespace portico::console {

/// How many octets of messages and requests may be in memory at once. Safe from every loop.
class Room {
public:
    explicit Room(std::uint64_t octets) : left_{static_cast<std::int64_t>(octets)} {}

    /// Some of it, which comes back with the object. Outlived by the room.
    class Share {
    public:
        Share() = default;
        Share(Share&& other) noexcept
            : room_{std::exchange(other.room_, nullptr)}, octets_{std::exchange(other.octets_, 0)}
        {
        }
        Share& operator=(Share&& other) noexcept
        {
            std::swap(room_, other.room_);
            std::swap(octets_, other.octets_);
            return *this;
        }
        ~Share()
        {
            if (room_) room_->left_ += octets_;
        }

        /// Takes more. False, and nothing is changed: there is not so much.
        bool grow(Room& room, std::uint64_t octets)
        {
            const auto more = static_cast<std::int64_t>(octets);
            if ((room.left_ -= more) < 0) {
                room.left_ += more;
                return false;
            }
            room_ = &room;
            octets_ += more;
            return true;
        }

    private:
        Room* room_ = nullptr;
        std::int64_t octets_ = 0;
    };

private:
    std::atomic<std::int64_t> left_;
};

} // namespace portico::console
