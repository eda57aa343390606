/* For cppcheck alone, which reads no system header: macros of jansson that look like statements. */
#define json_array_foreach(array, index, value) for (index = 0, value = 0; index < 1; index++)
#define json_object_foreach(object, key, value) for (key = "", value = 0; *key;)
