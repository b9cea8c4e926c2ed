#pragma once
// Names as Keras makes them.
#include <string>
#include <string_view>

namespace millstream::keras {

// "MaxPooling2D" -> "max_pooling2d".
std::string to_snake_case(std::string_view class_name);

// "dense", then "dense_1", "dense_2", ...: unique in the process until clear_session().
std::string auto_name(std::string_view prefix);

// Starts the counting of names afresh.
void clear_session();

// The name of a C++ class without its namespaces and without a trailing "Impl".
std::string class_name_of(const char* mangled);

}  // namespace millstream::keras
