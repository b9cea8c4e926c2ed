#pragma once
// Where in the user's program the library was called.
#include <string>

namespace millstream {

// "main in ./train (addr2line -e ./train 0x12ab)", or what `set_caller`'s function says.
std::string caller();

// A language binding knows better: its function gives "train.py:12", or "" if it does not.
void set_caller(std::string (*function)());

}  // namespace millstream
