package picture

import (
	"bytes"
	"encoding/binary"
	"image"
)

// upright turns a square picture so that it stands as the camera was held. The
// orientations are Exif's (CIPA DC-008, tag 0x0112), 1 to 8: where the first row
// and the first column of what is stored belong.
func upright(picture *image.RGBA, orientation int) *image.RGBA {
	if orientation < 2 || orientation > 8 {
		return picture
	}
	last := picture.Bounds().Dx() - 1
	turned := image.NewRGBA(picture.Bounds())
	for y := range last + 1 {
		for x := range last + 1 {
			fromX, fromY := x, y
			if orientation >= 5 { // rows are stored as columns
				fromX, fromY = y, x
			}
			switch orientation {
			case 2, 3, 7, 8:
				fromX = last - fromX
			}
			switch orientation {
			case 3, 4, 6, 7:
				fromY = last - fromY
			}
			turned.SetRGBA(x, y, picture.RGBAAt(fromX, fromY))
		}
	}
	return turned
}

// orientation finds the Exif orientation in a JPEG file; it is 1, upright, where
// there is none that can be read.
func orientation(file []byte) int {
	const start, startOfScan, app1 = 0xd8, 0xda, 0xe1
	if len(file) < 2 || file[0] != 0xff || file[1] != start {
		return 1
	}
	for rest := file[2:]; len(rest) >= 4 && rest[0] == 0xff; {
		marker, length := rest[1], int(binary.BigEndian.Uint16(rest[2:]))
		if marker == 0xff { // fill
			rest = rest[1:]
			continue
		}
		if marker == startOfScan || length < 2 || len(rest) < 2+length {
			return 1
		}
		if exif, found := bytes.CutPrefix(rest[4:2+length], []byte("Exif\x00\x00")); marker == app1 && found {
			return exifOrientation(exif)
		}
		rest = rest[2+length:]
	}
	return 1
}

// exifOrientation reads the first directory of a TIFF structure, in either
// order of bytes.
func exifOrientation(tiff []byte) int {
	const tag, short, entry = 0x0112, 3, 12
	var order binary.ByteOrder
	switch {
	case bytes.HasPrefix(tiff, []byte("II*\x00")):
		order = binary.LittleEndian
	case bytes.HasPrefix(tiff, []byte("MM\x00*")):
		order = binary.BigEndian
	default:
		return 1
	}
	if len(tiff) < 8 {
		return 1
	}
	first := int64(order.Uint32(tiff[4:]))
	if first+2 > int64(len(tiff)) {
		return 1
	}
	entries := tiff[first+2:]
	for range order.Uint16(tiff[first:]) {
		if len(entries) < entry {
			return 1
		}
		if order.Uint16(entries) == tag && order.Uint16(entries[2:]) == short {
			if value := int(order.Uint16(entries[8:])); value >= 1 && value <= 8 {
				return value
			}
			return 1
		}
		entries = entries[entry:]
	}
	return 1
}
