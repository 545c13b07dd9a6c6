// Package keyboard reads single keys from the terminal in which a program runs, and gives the terminal back as it was, however
// the program ends.
package keyboard
